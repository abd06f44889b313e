"""Writes key_types.tsv: values of every type that a key may have, with the
bytes and the token that the Python driver (cassandra-driver) gives them.

    python key_types.py > key_types.tsv

Columns: type; what is typed; bytes in hex; token of a partition key that is
this value alone; what is printed, where that is not what is typed.
"""
import datetime
import decimal
import sys
import uuid

from cassandra import cqltypes, util
from cassandra.metadata import Murmur3Token

D = decimal.Decimal
long_number = int("1234567890" * 100)  # 1,000 digits
first_day = -(2 ** 31)


def day(n):
    return util.Date(n)


VALUES = [
    ("text", "/home", "/home", None),
    ("text", "a b=c\u00e9\U0001f600", "a b=c\u00e9\U0001f600", None),
    ("text", "'quoted\"", "'quoted\"", None),
    ("ascii", "plain", "plain", None),
    ("ascii", "\x7f ~\x01", "\x7f ~\x01", None),
    ("blob", "0xcafe", b"\xca\xfe", None),
    ("blob", "0x00FFab", b"\x00\xff\xab", "0x00ffab"),
    ("boolean", "true", True, "True"),
    ("boolean", "False", False, None),
    ("tinyint", "-128", -128, None),
    ("tinyint", "127", 127, None),
    ("smallint", "-32768", -32768, None),
    ("smallint", "32767", 32767, None),
    ("int", "-2147483648", -(2 ** 31), None),
    ("int", "2147483647", 2 ** 31 - 1, None),
    ("int", "+7", 7, "7"),
    ("bigint", "-9223372036854775808", -(2 ** 63), None),
    ("bigint", "9223372036854775807", 2 ** 63 - 1, None),
    ("varint", "0", 0, None),
    ("varint", "-0", 0, "0"),
    ("varint", "127", 127, None),
    ("varint", "128", 128, None),
    ("varint", "-128", -128, None),
    ("varint", "-129", -129, None),
    ("varint", "256", 256, None),
    ("varint", "-256", -256, None),
    ("varint", "999999999", 999999999, None),
    ("varint", "1000000000", 1000000000, None),
    ("varint", "9223372036854775808", 2 ** 63, None),
    ("varint", "-9223372036854775809", -(2 ** 63) - 1, None),
    ("varint", "0018446744073709551616", 2 ** 64, "18446744073709551616"),
    ("varint", str(long_number), long_number, None),
    ("varint", str(-long_number), -long_number, None),
    ("decimal", "0", D("0"), None),
    ("decimal", "1.25", D("1.25"), None),
    ("decimal", "-1.250", D("-1.250"), None),
    ("decimal", "0.000001", D("0.000001"), None),
    ("decimal", "0.0000001", D("1E-7"), "1E-7"),
    ("decimal", "12.5e-9", D("12.5e-9"), "1.25E-8"),
    ("decimal", "1E+3", D("1E+3"), None),
    ("decimal", "-12e20", D("-12e20"), "-1.2E+21"),
    ("decimal", ".5", D("0.5"), "0.5"),
    ("decimal", "1E+2147483648", D("1E+2147483648"), None),
    ("decimal", "1E-2147483647", D("1E-2147483647"), None),
    ("decimal", "123456789012345678901234567890.123456789",
     D("123456789012345678901234567890.123456789"), None),
    ("float", "1.5", 1.5, None),
    ("float", "0.1", 0.1, None),
    ("float", "-3.4028235e+38", -3.4028234663852886e38, None),
    ("float", "3.4028235e+38", 3.4028234663852886e38, None),
    ("float", "Infinity", float("inf"), None),
    ("float", "1e-45", 1e-45, "1.4013e-45"),
    ("float", "100", 100.0, None),
    ("float", "-infinity", float("-inf"), "-Infinity"),
    ("float", "-0", -0.0, "-0"),
    ("double", "0.1", 0.1, None),
    ("double", "1e300", 1e300, "1e+300"),
    ("double", "0.30000000000000004", 0.1 + 0.2, None),
    ("double", "123456789.25", 123456789.25, None),
    ("double", "1.7976931348623157e308", sys.float_info.max,
     "1.7976931348623157e+308"),
    ("double", "-1.7976931348623157e308", -sys.float_info.max,
     "-1.7976931348623157e+308"),
    ("double", "-Infinity", float("-inf"), None),
    ("double", "-0", -0.0, None),
    ("double", "5e-324", 5e-324, "4.94065645841247e-324"),
    ("double", "Infinity", float("inf"), None),
    ("uuid", "550e8400-e29b-41d4-a716-446655440000",
     uuid.UUID("550e8400-e29b-41d4-a716-446655440000"), None),
    ("uuid", "00000000-0000-0000-0000-000000000000", uuid.UUID(int=0), None),
    ("uuid", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF",
     uuid.UUID(int=2 ** 128 - 1), "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("timeuuid", "8e7a4b00-e2ad-11ed-b5ea-0242ac120002",
     uuid.UUID("8e7a4b00-e2ad-11ed-b5ea-0242ac120002"), None),
    # The ends of time, and bytes behind it that compare as signed.
    ("timeuuid", "00000000-0000-1000-8080-808080808080",
     uuid.UUID("00000000-0000-1000-8080-808080808080"), None),
    ("timeuuid", "ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f",
     uuid.UUID("ffffffff-ffff-1fff-bf7f-7f7f7f7f7f7f"), None),
    ("timestamp", "2026-11-28 22:57:21.125+0000",
     datetime.datetime(2026, 11, 28, 22, 57, 21, 125000),
     "2026-11-28 22:57:21.125000+0000"),
    ("timestamp", "2026-11-28", datetime.datetime(2026, 11, 28),
     "2026-11-28 00:00:00.000000+0000"),
    ("timestamp", "2026-11-28 +0100", datetime.datetime(2026, 11, 27, 23),
     "2026-11-27 23:00:00.000000+0000"),
    ("timestamp", "2026-11-28T23:57+01:00",
     datetime.datetime(2026, 11, 28, 22, 57),
     "2026-11-28 22:57:00.000000+0000"),
    ("timestamp", "1969-12-31 23:59:59.999Z",
     datetime.datetime(1969, 12, 31, 23, 59, 59, 999000),
     "1969-12-31 23:59:59.999000+0000"),
    ("timestamp", "0001-01-01 00:00:00.000000+0000",
     datetime.datetime(1, 1, 1), None),
    ("timestamp", "-1", -1, "1969-12-31 23:59:59.999000+0000"),
    ("timestamp", "9223372036854775807", 2 ** 63 - 1, None),
    ("timestamp", "-9223372036854775808", -(2 ** 63), None),
    ("date", "1970-01-01", day(0), None),
    ("date", "2026-11-01", day(datetime.date(2026, 11, 1)), None),
    ("date", "2000-02-29", day(datetime.date(2000, 2, 29)), None),
    ("date", "1600-02-29", day(datetime.date(1600, 2, 29)), None),
    ("date", "9999-12-31", day(datetime.date(9999, 12, 31)), None),
    ("date", "0001-01-01", day(datetime.date(1, 1, 1)), None),
    ("date", "+5881580-07-11", day(2 ** 31 - 1), None),
    ("date", "-5877641-06-23", day(first_day), None),
    ("date", "2147483648", day(0), "1970-01-01"),
    ("date", "0", day(first_day), "-5877641-06-23"),
    ("time", "00:00:00.000000000", util.Time(0), None),
    ("time", "23:59:59.999999999", util.Time(86399999999999), None),
    ("time", "08:12", util.Time(8 * 3600 * 10 ** 9 + 12 * 60 * 10 ** 9),
     "08:12:00.000000000"),
    ("time", "1000000001", util.Time(1000000001), "00:00:01.000000001"),
    ("inet", "127.0.0.1", "127.0.0.1", None),
    ("inet", "2001:db8::1", "2001:db8::1", None),
    ("inet", "::ffff:10.0.0.1", "::ffff:10.0.0.1", None),
]


def main():
    for name, typed, value, printed in VALUES:
        kind = cqltypes._cqltypes[name]
        if name == "timestamp" and isinstance(value, int):
            data = value.to_bytes(8, "big", signed=True)
        else:
            data = kind.serialize(value, 4)
        token = Murmur3Token.hash_fn(data)
        print("\t".join([name, typed, data.hex(), str(token),
                         typed if printed is None else printed]))


main()
