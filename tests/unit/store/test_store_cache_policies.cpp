// Tests of the cache policies: that they are what their names say.
#include "node/store/cache_policy.h"
#include "shared/base/random.h"
#include "tests/bench/cache/cache_model.h"

#include <QtTest>

#include <list>
#include <map>

using namespace quoit;

namespace {

/// Slow and obvious: least recently used, or least often used and then least recently.
class Reference
{
public:
    Reference(bool countsUses, std::uint64_t bytesMax)
        : m_countsUses(countsUses)
        , m_bytesMax(bytesMax)
    {}
    bool ask(const CacheRequest& request)
    {
        ++m_now;
        if (const auto found = m_entries.find(request.id); found != m_entries.end()) {
            found->second.lastUse = m_now;
            found->second.uses += m_countsUses;
            return true;
        }
        m_bytes += request.bytes;
        m_entries[request.id] = {request.bytes, 0, m_now};
        while (m_bytes > m_bytesMax) {
            const auto worst = std::min_element(m_entries.begin(), m_entries.end(), [](const auto& a, const auto& b) {
                return std::pair(a.second.uses, a.second.lastUse) < std::pair(b.second.uses, b.second.lastUse);
            });
            m_bytes -= worst->second.bytes;
            m_entries.erase(worst);
        }
        return false;
    }

private:
    struct Entry
    {
        std::uint32_t bytes;
        std::uint64_t uses;
        std::uint64_t lastUse;
    };
    const bool m_countsUses;
    const std::uint64_t m_bytesMax;
    std::uint64_t m_now = 0;
    std::uint64_t m_bytes = 0;
    std::map<std::uint64_t, Entry> m_entries;
};

std::vector<CacheRequest> randomRequests(std::uint64_t seed)
{
    Random random(seed);
    std::vector<std::uint32_t> bytes;
    for (int id = 0; id < 300; ++id)
        bytes.push_back(1 + static_cast<std::uint32_t>(random.below(100)));
    std::vector<CacheRequest> requests;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t id = random.below(1 + random.below(300));
        requests.push_back({id, bytes[id]});
    }
    return requests;
}

std::uint64_t missesOf(CachePolicyKind kind, std::uint64_t bytesMax, const std::vector<CacheRequest>& requests)
{
    CacheModel model(kind, bytesMax);
    for (const CacheRequest& request : requests)
        model.ask(request);
    return model.misses();
}

} // namespace

class TestStoreCachePolicies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void lruAndLfuAreExact();
    void budgetHoldsAfterEveryRequest();
    void namesAreUnderstood();
    void scanDoesNotEmptyTheDefaultCache();
    void lruMissesOfAPublicTraceAreExact();
};

void TestStoreCachePolicies::lruAndLfuAreExact()
{
    for (const CachePolicyKind kind : {CachePolicyKind::Lru, CachePolicyKind::Lfu}) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            CacheModel model(kind, 4000);
            Reference reference(kind == CachePolicyKind::Lfu, 4000);
            for (const CacheRequest& request : randomRequests(seed))
                QCOMPARE(model.ask(request), reference.ask(request));
            QVERIFY(model.misses() > 1000);
        }
    }
}

void TestStoreCachePolicies::budgetHoldsAfterEveryRequest()
{
    for (const CachePolicyKind kind : allCachePolicies) {
        CacheModel model(kind, 4000);
        for (const CacheRequest& request : randomRequests(9)) {
            model.ask(request);
            QVERIFY(model.bytes() <= 4000);
        }
        QVERIFY(model.misses() > 1000 && model.misses() < 20'000);
    }
}

void TestStoreCachePolicies::namesAreUnderstood()
{
    for (const CachePolicyKind kind : allCachePolicies)
        QCOMPARE(cachePolicyFromText(toText(kind)), std::optional(kind));
    QVERIFY(!cachePolicyFromText("LRU"));
    QVERIFY(!cachePolicyFromText(""));
}

void TestStoreCachePolicies::scanDoesNotEmptyTheDefaultCache()
{
    std::vector<CacheRequest> requests;
    Random random(3);
    for (std::uint64_t i = 0; i < 200'000; ++i) {
        requests.push_back({random.below(800), 1});
        requests.push_back({1000 + i, 1});
    }
    const std::uint64_t misses = missesOf(CachePolicyKind::TinyLfu, 1000, requests);
    QVERIFY2(misses < 210'000, std::to_string(misses).c_str());
    QVERIFY(missesOf(CachePolicyKind::Lru, 1000, requests) > 250'000);
}

void TestStoreCachePolicies::lruMissesOfAPublicTraceAreExact()
{
    const QByteArray given = qgetenv("QUOIT_CACHE_TRACE");
    const std::string path =
        given.isEmpty() ? QUOIT_SOURCE_DIR "/../shared/data/cloudphysics_io.csv.gz" : given.toStdString();
    const std::vector<CacheRequest> trace = readTrace(path);
    if (trace.empty())
        QSKIP("the trace isn't here");
    QCOMPARE(trace.size(), std::size_t(113872));
    QCOMPARE(missesOf(CachePolicyKind::Lru, std::uint64_t(128) << 20, trace), std::uint64_t(93151));
    QCOMPARE(missesOf(CachePolicyKind::Lru, std::uint64_t(512) << 20, trace), std::uint64_t(81609));
    QCOMPARE(missesOf(CachePolicyKind::Lru, std::uint64_t(1024) << 20, trace), std::uint64_t(71702));
}

QTEST_GUILESS_MAIN(TestStoreCachePolicies)
#include "test_store_cache_policies.moc"
