// tests/unit/core/core_fixture.h - what one role of the core needs around it: a map of three nodes, a store in memory.
#pragma once

#include "node/core/context.h"
#include "node/core/persistence.h"

#include <map>
#include <string>

namespace quoit::testing {

/// Holds what a test puts into it.
class MemorySource : public RecordSource
{
public:
    void put(RecordPtr record)
    {
        const std::string key(record->key);
        m_records[key] = std::move(record);
    }
    RecordPtr find(Position, std::string_view key) override
    {
        const auto found = m_records.find(std::string(key));
        return found == m_records.end() ? nullptr : found->second;
    }
    std::vector<RecordSummary> list(Position, Position, std::size_t) override { return {}; }
    ExpiredKeys expired(std::int64_t, std::size_t, const ExpiryPlace&) override { return {{}, {}, true}; }

private:
    std::map<std::string, RecordPtr> m_records;
};

/// Operations don't matter to the roles that are tested alone.
class NoLogic : public OperationLogic
{
public:
    Applied apply(std::string_view, const KeyState&, std::int64_t) const override { return {}; }
    bool addsData(std::string_view) const override { return true; }
};

/// 16 partitions, each on the nodes 1, 2 and 3.
inline ClusterMapPtr mapOfThree()
{
    ClusterMapParts parts;
    parts.partitionCount = 16;
    parts.replicaCount = 3;
    for (NodeId id = 1; id <= 3; ++id) {
        Member member;
        member.id = id;
        member.tokens = {id};
        parts.members.push_back(std::move(member));
    }
    return ClusterMap::make(std::move(parts)).value();
}

/// Node 1 of them, started for the first time.
inline StoredState stateOfNodeOne()
{
    StoredState state;
    state.identity = {"disk", 1, 1};
    state.map = mapOfThree();
    return state;
}

inline RecordPtr recordOf(const std::string& key, const Version& version, const std::string& value = "v")
{
    Record record;
    record.key = key;
    record.value = value;
    record.version = version;
    return makeRecord(record);
}

inline TimePoint at(Milliseconds sinceStart)
{
    return TimePoint(1s) + sinceStart;
}

} // namespace quoit::testing
