// node/server/load_meter.h - counts what clients do here, second by second.
// Not thread-safe.
#pragma once

#include "node/commands/command.h"
#include "node/core/effects.h"
#include "shared/admin/node_report.h"
#include "shared/base/histogram.h"
#include "shared/base/time.h"

#include <array>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <vector>

namespace quoit {

/// Why a command on keys wasn't answered as it should be, in the order of their figures.
inline constexpr CompletionStatus failureKinds[] = {CompletionStatus::Unknown,     CompletionStatus::NoQuorum, CompletionStatus::Busy,
                                                    CompletionStatus::StorageFull, CompletionStatus::NoRoom,   CompletionStatus::NotEverywhere};

/// Sums since the start; for INFO and /metrics.
struct LoadTotals
{
    std::uint64_t commands = 0; ///< of any kind
    std::uint64_t reads = 0;    ///< commands that read keys and were answered: those that failed aren't among them
    std::uint64_t writes = 0;
    std::uint64_t keysFound = 0;  ///< by reads
    std::uint64_t keysAbsent = 0; ///< likewise
    std::array<std::uint64_t, std::size(failureKinds) + 1> failed{}; ///< by CompletionStatus; none of Done

    std::uint64_t failedFor(CompletionStatus status) const { return failed[static_cast<std::size_t>(status)]; }
    /// Answered with UNKNOWN, NOQUORUM, BUSY, MISCONF, OOM or NOTALL.
    std::uint64_t failures() const { return std::accumulate(failed.begin(), failed.end(), std::uint64_t(0)); }
};

class LoadMeter
{
public:
    explicit LoadMeter(TimePoint now);

    void command() { ++m_totals.commands; }
    /// A command on keys has its reply. One that failed has a figure of its own and is neither throughput nor latency: a node that refuses
    /// all it is asked would look busy and fast.
    /// @param status  the worst of its parts
    void answered(const CommandSpec& spec, Level level, Microseconds latency, CompletionStatus status);
    /// A key of a read was looked up.
    void lookedUp(bool isThere) { ++(isThere ? m_totals.keysFound : m_totals.keysAbsent); }
    /// A command on keys was refused at once.
    void refused() { noteFailure(CompletionStatus::Busy); }
    /// Begins anew, as after a start; the uptime goes on.
    void reset();
    const LoadTotals& totals() const { return m_totals; }

    /// Sets what this class knows of the figures: rates, percentiles, memory, CPU, uptime. To be called about once a
    /// second. @return the time since the last call, seconds, > 0
    double rotate(TimePoint now, LoadFigures& figures);
    /// Latencies since the start, µs, of each command on keys that was answered at that level.
    void eachLatency(const std::function<void(const CommandSpec&, Level, const Histogram&)>& visit) const;

private:
    void noteFailure(CompletionStatus status) { ++m_totals.failed[static_cast<std::size_t>(status)]; }

    const TimePoint m_start;
    TimePoint m_lastRotation;
    LoadTotals m_totals;
    LoadTotals m_before; ///< at the last rotation
    std::uint64_t m_cpuUsBefore = 0;
    Histogram m_second;
    struct Latencies
    {
        const CommandSpec* spec;
        Level level;
        Histogram all;
    };
    std::vector<std::unique_ptr<Latencies>> m_latencies; ///< by command and level; null: none were answered
};

/// Resident memory of this process in bytes.
std::uint64_t residentBytes();
/// User and system time of this process.
Microseconds processorTime();

} // namespace quoit
