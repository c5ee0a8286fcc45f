// What CONFIG SET takes, and how sizes are written.
#include "node/server/settings.h"

#include <QtTest>

using namespace quoit;

class TestServerSettings : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void sizesAreReadAsRedisReadsThem();
    void everySettingTakesItsValues();
    void badValuesChangeNothing();
};

void TestServerSettings::sizesAreReadAsRedisReadsThem()
{
    const std::pair<const char*, std::uint64_t> good[] = {
        {"0", 0}, {"123", 123}, {"123b", 123}, {"1k", 1000}, {"1kb", 1024}, {"2MB", 2 << 20}, {"3m", 3'000'000}, {"1gb", 1 << 30}};
    for (const auto& [text, bytes] : good)
        QCOMPARE(byteCountFromText(text).value_or(~std::uint64_t(0)), bytes);
    for (const char* const text : {"", "b", "mb", "-1", "1.5gb", "1 gb", "1tb", "0x10", "99999999999gb", "9223372036854775808"})
        QVERIFY2(!byteCountFromText(text), text);
}

void TestServerSettings::everySettingTakesItsValues()
{
    RuntimeSettings settings;
    QVERIFY(change(settings, "max-bytes", "512mb"));
    QCOMPARE(settings.room.bytesMax, std::uint64_t(512) << 20);
    QVERIFY(change(settings, "maxmemory", "0"));
    QCOMPARE(settings.room.bytesMax, std::uint64_t(0));
    for (const EvictionPolicy policy : allEvictionPolicies) {
        for (const char* const name : {"maxmemory-policy", "eviction-policy"}) {
            settings.room.policy = EvictionPolicy::NoEviction;
            QVERIFY(change(settings, name, toText(policy)));
            QCOMPARE(settings.room.policy, policy);
        }
    }
    QVERIFY(change(settings, "cache-bytes", "1gb"));
    QCOMPARE(settings.cacheBytes, std::uint64_t(1) << 30);
    for (const CachePolicyKind policy : allCachePolicies) {
        QVERIFY(change(settings, "cache-policy", toText(policy)));
        QCOMPARE(settings.cachePolicy, policy);
    }
    QVERIFY(change(settings, "timeout", "300"));
    QCOMPARE(settings.timeoutSeconds, std::uint32_t(300));
    QVERIFY(change(settings, "slowlog-log-slower-than", "-1"));
    QCOMPARE(settings.slowLog.thresholdUs, std::int64_t(-1));
    QVERIFY(change(settings, "slowlog-max-len", "7"));
    QCOMPARE(settings.slowLog.entriesMax, std::size_t(7));
}

void TestServerSettings::badValuesChangeNothing()
{
    RuntimeSettings settings;
    settings.room = {1000, EvictionPolicy::AllKeysLru};
    for (const auto& [name, value] : {std::pair{"max-bytes", "lots"}, std::pair{"maxmemory-policy", "lru"}, std::pair{"cache-bytes", "-1"},
                                      std::pair{"cache-policy", "fifo"}, std::pair{"timeout", "1s"}, std::pair{"slowlog-log-slower-than", "-2"},
                                      std::pair{"slowlog-max-len", "10001"}}) {
        const Result<void> changed = change(settings, name, value);
        QVERIFY(!changed);
        QCOMPARE(changed.error().code, ErrorCode::InvalidArgument);
        QVERIFY(changed.error().message.find(value) != std::string::npos);
    }
    QCOMPARE(change(settings, "port", "1").error().code, ErrorCode::NotFound);
    QVERIFY((settings.room == RoomLimit{1000, EvictionPolicy::AllKeysLru}));
}

QTEST_GUILESS_MAIN(TestServerSettings)
#include "test_server_settings.moc"
