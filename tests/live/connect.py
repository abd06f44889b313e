"""tests/live/connect.py - the independent client, connected."""

import logging
import os
import ssl
import time
import warnings

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
)
from cassandra.policies import WhiteListRoundRobinPolicy

warnings.simplefilter("ignore")
logging.getLogger("cassandra").setLevel(logging.CRITICAL)


def first_login(hosts):
    """The first user is there about two seconds after the node is."""
    end = time.monotonic() + 60
    while True:
        try:
            return connect(hosts, "cassandra", "cassandra", secured()[2])
        except NoHostAvailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def secured():
    """What tests/live/live.c has of TALLY_TEST_CERTIFICATES."""
    folder = os.environ.get("TALLY_TEST_CERTIFICATES")
    if folder is None:
        return None, None, None
    tls = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    tls.load_cert_chain(
        os.path.join(folder, "client.pem"), os.path.join(folder, "client.key")
    )
    return "cassandra", "cassandra", tls


def for_tool():
    """The same for the tool, as its environment."""
    folder = os.environ.get("TALLY_TEST_CERTIFICATES")
    if folder is None:
        return {}
    return {
        "TALLY_TLS": "verify-full",
        "TALLY_CA": os.path.join(folder, "ca.pem"),
        "TALLY_CERT": os.path.join(folder, "client.pem"),
        "TALLY_KEY": os.path.join(folder, "client.key"),
    }


def connect(hosts, user=None, password=None, tls=None):
    """hosts is what TALLY_TEST_HOSTS is: "host[:port],...", one port for all."""
    if user is None:
        user, password, tls = secured()
    parts = [host.rpartition(":") for host in hosts.split(",")]
    names = [name or last for name, colon, last in parts]
    ports = [int(last) for name, colon, last in parts if colon]
    profile = ExecutionProfile(
        load_balancing_policy=WhiteListRoundRobinPolicy(names),
        request_timeout=30,
    )
    cluster = Cluster(
        names,
        port=ports[0] if ports else 9042,
        protocol_version=4,
        ssl_context=tls,
        auth_provider=user and PlainTextAuthProvider(user, password),
        connect_timeout=10,
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    return cluster, cluster.connect()
