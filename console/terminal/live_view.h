// console/terminal/live_view.h - a cluster on one screen, from one QUOIT.WATCH push to the next.
// Pure: fed with reports, asked for lines. watch_command.cpp and dev_command.cpp put them onto the screen.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/terminal/text.h"

#include <deque>
#include <string>
#include <vector>

namespace quoit::terminal {

class LiveView
{
public:
    /// @param title what stands at the top: "quoit watch 127.0.0.1:7400"
    explicit LiveView(std::string title);

    void take(WatchReport report);
    /// Until it is known, every copy of a key is counted.
    void setMap(ClusterMapPtr map) { m_snapshot.map = std::move(map); }
    /// A sentence above the table: that the connection is lost, say; empty: none. The figures are dimmed meanwhile.
    void setTrouble(std::string text) { m_trouble = std::move(text); }
    /// Lines below everything else.
    void setFooter(std::vector<std::string> lines) { m_footer = std::move(lines); }

    /// @return at most so many lines, none wider than the columns
    std::vector<std::string> lines(std::size_t columns, std::size_t rows, const Style& style) const;

private:
    std::string healthLine(const Style& style) const;
    std::string totalsLine(const Style& style) const;
    std::vector<std::string> eventLines(const Style& style) const;

    const std::string m_title;
    ClusterSnapshot m_snapshot; ///< receivedMs 0: nothing yet
    Epoch m_epoch = 0;
    std::string m_trouble;
    std::vector<std::string> m_footer;
    std::vector<double> m_operationsPerSecond; ///< one a push, oldest first
    std::deque<ClusterEvent> m_events;         ///< oldest first
};

/// "14:05:09" of that moment, in this machine's time zone.
std::string clockText(std::int64_t unixMs);

} // namespace quoit::terminal
