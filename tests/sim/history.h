// tests/sim/history.h - what clients asked for and were told, in virtual time: the input of the checker.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace quoit::sim {

enum class Kind : std::uint8_t {
    Get,
    Set,
    Delete,
    CompareAndSet, ///< by value
    Increment,
    SetIfAbsent,
    Append,
    Replace, ///< SET … GET: replies with what was there
    Sequence, ///< `parts`, one after the other and nothing between them
    Evict,   ///< what a node did for want of room: takes away the value `expected`, or comes to nothing
};
const char* toText(Kind kind);

/// One of a sequence's operations.
struct SequencePart
{
    Kind kind = Kind::Get;
    std::string argument;
};

/// One request on one key. Results are the replies' bytes.
struct HistoryEntry
{
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    int client = 0;
    std::string key;
    Kind kind = Kind::Get;
    std::string argument; ///< the new value, or what is appended
    std::string expected; ///< of CompareAndSet; "" means absent
    std::vector<SequencePart> parts; ///< of Sequence
    std::int64_t calledUs = 0;
    std::int64_t returnedUs = never; ///< never: its outcome is unknown, it may take effect at any later time
    bool refused = false;            ///< answered that it surely was not carried out
    std::string result;
    /// Of a Set with a time to live, by the slowest and the fastest clock: the value is there until the first moment, and gone after
    /// the second one. Never: it has none, or nobody can say.
    std::int64_t livesUntilUs = never;
    std::int64_t goneAfterUs = never;
};

using History = std::vector<HistoryEntry>;

/// The state of one key: absent, or a value that may have a time to live.
struct RegisterState
{
    bool present = false;
    std::string value;
    std::int64_t livesUntilUs = HistoryEntry::never; ///< never: no time to live; else it names the Set that gave it, too
    std::int64_t goneAfterUs = HistoryEntry::never;

    bool operator==(const RegisterState&) const = default;
};

/// The sequential specification: changes the state and returns the reply.
std::string applySequentially(const HistoryEntry& entry, RegisterState& state);

/// What a history violates, for people; empty if each key's part of it is linearizable.
/// Source: Wing and Gong 1993, with Lowe's memoisation (2017). A search of more than `stepsMax` steps counts as a violation.
std::string checkLinearizable(const History& history, std::uint64_t stepsMax = 5'000'000);

} // namespace quoit::sim
