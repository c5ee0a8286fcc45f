// node/server/strain_meter.h - when a node counts as strained, and when no more: with an average over seconds and two bounds, so that
// neither a burst nor a lull changes it.
#pragma once

#include "node/core/strain.h"

#include <algorithm>
#include <cmath>

namespace quoit {

class StrainMeter
{
public:
    static constexpr double strainedAbove = 0.9;
    static constexpr double relievedBelow = 0.8;
    static constexpr double calmBelow = 0.6;
    static constexpr std::chrono::seconds calmFor{60}; ///< until a node that was strained takes partitions back
    static constexpr double averagedOver = 3;          ///< s

    /// @param pressure  how much of its time since the last call the main thread wanted a processor, 0 … 1
    Busy update(TimePoint now, double pressure)
    {
        const double passed = m_last == TimePoint{} ? 0 : std::chrono::duration<double>(now - m_last).count();
        m_last = now;
        m_average += (std::clamp(pressure, 0.0, 1.0) - m_average) * (1 - std::exp(-passed / averagedOver));
        if (m_average >= calmBelow)
            m_calmSince = now;
        if (m_average > strainedAbove)
            m_strain = Strain::Strained;
        else if (m_strain == Strain::Strained && m_average < relievedBelow)
            m_strain = Strain::Recovering;
        else if (m_strain == Strain::Recovering && now - m_calmSince >= calmFor)
            m_strain = Strain::None;
        return {m_strain, static_cast<std::uint8_t>(std::lround(m_average * 100))};
    }

private:
    Strain m_strain = Strain::None;
    double m_average = 0;
    TimePoint m_last{};
    TimePoint m_calmSince{};
};

} // namespace quoit
