// tests/unit/store/store_fixture.h - a data folder that goes with the test, a listener that remembers, and records to
// write.
#pragma once

#include "node/store/checked_vfs.h"
#include "node/store/sqlite_store.h"
#include "shared/base/random.h"
#include "shared/ring/position.h"

#include <sqlite3.h>

#include <QTemporaryDir>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quoit::test {

/// Remembers what the store reports; waits for it, up to ten seconds.
class RecordingListener final : public StoreListener
{
public:
    void durable(PersistSequence upTo, std::uint64_t progress) override
    {
        const std::lock_guard lock(m_mutex);
        m_ascending = m_ascending && upTo > m_durable && progress == (m_progress == 0 ? progress : m_progress + 1);
        m_progress = progress;
        m_durableAfterFailure = m_durableAfterFailure || m_failures > 0;
        m_durable = upTo;
        m_changed.notify_all();
    }
    void diskSpace(DiskSpace space) override
    {
        const std::lock_guard lock(m_mutex);
        m_spaces.push_back(space);
        m_changed.notify_all();
    }
    void failed(const Error& error) override
    {
        const std::lock_guard lock(m_mutex);
        ++m_failures;
        m_failure = error;
        m_changed.notify_all();
    }

    bool waitForDurable(PersistSequence sequence)
    {
        return wait([&] { return m_durable >= sequence; });
    }
    bool waitForSpace(DiskSpace space)
    {
        return wait([&] { return !m_spaces.empty() && m_spaces.back() == space; });
    }
    bool waitForFailure()
    {
        return wait([&] { return m_failures > 0; });
    }

    PersistSequence durableUpTo() const { return get(m_durable); }
    std::uint64_t progress() const { return get(m_progress); } ///< 0 before the first commit
    bool ascending() const { return get(m_ascending); }
    bool durableAfterFailure() const { return get(m_durableAfterFailure); }
    int failures() const { return get(m_failures); }
    Error failure() const { return get(m_failure); }
    std::vector<DiskSpace> spaces() const { return get(m_spaces); }

private:
    template <typename T>
    T get(const T& value) const
    {
        const std::lock_guard lock(m_mutex);
        return value;
    }
    template <typename Condition>
    bool wait(Condition condition)
    {
        std::unique_lock lock(m_mutex);
        return m_changed.wait_for(lock, std::chrono::seconds(10), condition);
    }

    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    PersistSequence m_durable = 0;
    std::uint64_t m_progress = 0;
    bool m_ascending = true;
    bool m_durableAfterFailure = false;
    std::vector<DiskSpace> m_spaces;
    int m_failures = 0;
    Error m_failure;
};

inline Version version(std::uint64_t sequence, std::uint64_t round = 1)
{
    return {{1, round, 1}, sequence};
}

inline RecordPtr record(const std::string& key, const std::string& value, std::uint64_t sequence, std::int64_t expiryMs = 0,
                        bool tombstone = false)
{
    Record made;
    made.key = key;
    made.value = value;
    made.version = version(sequence);
    made.base = version(sequence - 1);
    made.expiryMs = expiryMs;
    made.tombstone = tombstone;
    return makeRecord(made, std::vector<CarriedOperation>{{{3, 7, sequence}, "+OK\r\n"}});
}

inline RecordPtr tombstone(const std::string& key, std::uint64_t sequence)
{
    return record(key, {}, sequence, 0, true);
}

inline PersistBatch batch(PersistSequence sequence, std::vector<RecordPtr> records)
{
    PersistBatch made;
    made.sequence = sequence;
    for (RecordPtr& entry : records) {
        const Position position = positionOf(entry->key);
        made.records.emplace_back(position, std::move(entry));
    }
    return made;
}

inline ClusterMapPtr makeMap(Epoch epoch = 1)
{
    ClusterMapParts parts;
    parts.epoch = epoch;
    parts.clusterId = "0d2b1bcb-52b0-4b6c-9d0a-6a0f5f8f5f11";
    parts.partitionCount = 16;
    for (NodeId id = 1; id <= 3; ++id) {
        Member member;
        member.id = id;
        member.name = "node" + std::to_string(id);
        member.tokens = {id - 1, id + 4};
        parts.members.push_back(member);
    }
    Result<ClusterMapPtr> map = ClusterMap::make(std::move(parts));
    return map ? map.value() : nullptr;
}

/// A folder with stores opened on it one after another.
class Folder
{
public:
    SqliteStoreOptions options(std::uint64_t cacheBytes = 1024 * 1024) const
    {
        SqliteStoreOptions made;
        made.dir = path();
        made.cacheBytes = cacheBytes;
        made.reserveBytes = 0;
        made.retryPause = Milliseconds(20);
        return made;
    }
    std::string path() const { return (m_dir.path() + QStringLiteral("/data")).toStdString(); }
    std::string file() const { return path() + "/quoit.db"; }

    /// @return nullptr on failure; error() then says why
    std::unique_ptr<SqliteStore> open(StoreListener& listener, std::optional<SqliteStoreOptions> opened = std::nullopt)
    {
        auto result = SqliteStore::open(opened.value_or(options()), listener);
        if (result)
            return std::move(result).value();
        m_error = result.error();
        return nullptr;
    }
    const Error& error() const { return m_error; }

    /// Runs SQL on the file of a closed store, as a stranger would who knows of the pages' checksums.
    bool alter(const std::string& sql) const
    {
        auto database = Database::open(file(), Database::Access::ReadWrite, checkedVfs("unix"));
        return database && database.value().execute(sql.c_str()) && database.value().close();
    }
    /// The answer of a question about a closed store's tables; -1 on failure.
    std::int64_t number(const char* sql) const
    {
        auto database = Database::open(file(), Database::Access::ReadOnly, checkedVfs("unix"));
        const Result<std::int64_t> answer = database ? database.value().number(sql) : database.error();
        return answer ? answer.value() : -1;
    }

private:
    QTemporaryDir m_dir;
    Error m_error;
};

} // namespace quoit::test
