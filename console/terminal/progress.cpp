#include "console/terminal/progress.h"

#include <cmath>
#include <utility>

namespace quoit::terminal {

namespace {

constexpr Milliseconds window = 5s;
constexpr Milliseconds sampleGapMin = 100ms;
constexpr std::size_t barColumns = 24;

} // namespace

Progress::Progress(std::string verb, std::uint64_t totalUnits, TimePoint now)
    : m_verb(std::move(verb))
    , m_totalUnits(totalUnits)
    , m_samples{{now, 0, 0}}
{}

void Progress::update(std::uint64_t units, std::uint64_t records, std::uint64_t failed, TimePoint now)
{
    m_failed = failed;
    const Sample sample{now, units, records};
    // The newest sample moves along until it is far enough from the one before it: the memory stays small.
    if (m_samples.size() >= 2 && now - m_samples[m_samples.size() - 2].time < sampleGapMin)
        m_samples.back() = sample;
    else
        m_samples.push_back(sample);
    while (m_samples.size() > 2 && now - m_samples[1].time >= window)
        m_samples.pop_front();
}

double Progress::perSecond(std::uint64_t Sample::*member) const
{
    const Sample& oldest = m_samples.front();
    const Sample& newest = m_samples.back();
    const double seconds = std::chrono::duration<double>(newest.time - oldest.time).count();
    return seconds <= 0 ? 0 : static_cast<double>(newest.*member - oldest.*member) / seconds;
}

double Progress::rate() const
{
    return perSecond(&Sample::records);
}

std::optional<std::uint64_t> Progress::secondsLeft() const
{
    const double unitsPerSecond = perSecond(&Sample::units);
    const std::uint64_t done = m_samples.back().units;
    if (m_totalUnits == 0 || unitsPerSecond <= 0)
        return std::nullopt;
    if (done >= m_totalUnits)
        return 0;
    return static_cast<std::uint64_t>(std::ceil(static_cast<double>(m_totalUnits - done) / unitsPerSecond));
}

std::string Progress::line(std::size_t columns, const Style& style) const
{
    const Sample& newest = m_samples.back();
    std::string text = m_verb;
    if (m_totalUnits > 0) {
        const double fraction = std::min(1.0, static_cast<double>(newest.units) / static_cast<double>(m_totalUnits));
        const std::string percent = std::to_string(static_cast<int>(fraction * 100));
        text += "  " + bar(fraction, barColumns) + "  " + std::string(3 - percent.size(), ' ') + percent + " %";
    }
    text += "  " + figure(static_cast<double>(newest.records)) + " keys  " + figure(rate()) + "/s";
    if (const auto left = secondsLeft())
        text += "  " + durationText(*left) + " left";
    const std::string failed = m_failed == 0 ? std::string() : "  " + countText(m_failed) + " failed";
    const std::size_t room = columns > columnsOf(failed) ? columns - columnsOf(failed) : 0;
    return cutToColumns(text, room) + style.paint(Colour::Red, failed);
}

} // namespace quoit::terminal
