"""tests/live/connect.py - the independent client, connected."""

import logging
import warnings

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import WhiteListRoundRobinPolicy

warnings.simplefilter("ignore")
logging.getLogger("cassandra").setLevel(logging.CRITICAL)


def connect(hosts, user=None, password=None):
    """hosts is what TALLY_TEST_HOSTS is: "host[:port],...", one port for all."""
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
        auth_provider=user and PlainTextAuthProvider(user, password),
        connect_timeout=10,
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    return cluster, cluster.connect()
