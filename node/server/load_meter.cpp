#include "node/server/load_meter.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

namespace quoit {

namespace {

constexpr std::size_t levelCount = 3;

} // namespace

LoadMeter::LoadMeter(TimePoint now)
    : m_start(now)
    , m_lastRotation(now)
    , m_cpuUsBefore(static_cast<std::uint64_t>(processorTime().count()))
{}

void LoadMeter::answered(const CommandSpec& spec, Level level, Microseconds latency, CompletionStatus status)
{
    if (status != CompletionStatus::Done) {
        noteFailure(status);
        return;
    }
    ++(spec.kind == CommandKind::KeyWrite ? m_totals.writes : m_totals.reads);
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    m_second.record(us);
    const std::size_t index = static_cast<std::size_t>(spec.id) * levelCount + static_cast<std::size_t>(level);
    if (index >= m_latencies.size())
        m_latencies.resize(index + 1);
    if (!m_latencies[index])
        m_latencies[index] = std::make_unique<Latencies>(Latencies{&spec, level, {}});
    m_latencies[index]->all.record(us);
}

void LoadMeter::reset()
{
    m_totals = m_before = {};
    m_latencies.clear();
}

void LoadMeter::eachLatency(const std::function<void(const CommandSpec&, Level, const Histogram&)>& visit) const
{
    for (const auto& latencies : m_latencies)
        if (latencies)
            visit(*latencies->spec, latencies->level, latencies->all);
}

double LoadMeter::rotate(TimePoint now, LoadFigures& figures)
{
    const double seconds = std::max(0.001, std::chrono::duration<double>(now - m_lastRotation).count());
    const auto perSecond = [seconds](std::uint64_t after, std::uint64_t before) {
        return static_cast<std::uint64_t>(static_cast<double>(after - before) / seconds + 0.5);
    };
    figures.readsPerSecond = perSecond(m_totals.reads, m_before.reads);
    figures.writesPerSecond = perSecond(m_totals.writes, m_before.writes);
    figures.errorsPerSecond = perSecond(m_totals.failures(), m_before.failures());
    figures.busyPerSecond = perSecond(m_totals.failedFor(CompletionStatus::Busy), m_before.failedFor(CompletionStatus::Busy));
    figures.p50Us = m_second.percentile(0.5);
    figures.p99Us = m_second.percentile(0.99);
    figures.p999Us = m_second.percentile(0.999);
    figures.memoryBytes = residentBytes();
    const auto cpuUs = static_cast<std::uint64_t>(processorTime().count());
    figures.cpuPermille = static_cast<std::uint64_t>(static_cast<double>(cpuUs - m_cpuUsBefore) / seconds / 1000.0);
    figures.uptimeSeconds =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - m_start).count());
    m_cpuUsBefore = cpuUs;
    m_before = m_totals;
    m_lastRotation = now;
    m_second.clear();
    return seconds;
}

std::uint64_t residentBytes()
{
    std::FILE* const file = std::fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    unsigned long long total = 0;
    unsigned long long resident = 0;
    const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
    std::fclose(file);
    return fields == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

Microseconds processorTime()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return Microseconds(std::int64_t(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

} // namespace quoit
