#include "console/terminal/live_view.h"

#include "console/terminal/node_table.h"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

namespace quoit::terminal {

namespace {

constexpr std::size_t historyMax = 300;
constexpr std::size_t eventsMax = 50;

} // namespace

LiveView::LiveView(std::string title)
    : m_title(std::move(title))
{}

void LiveView::take(WatchReport report)
{
    m_trouble.clear();
    m_events.insert(m_events.end(), report.events.begin(), report.events.end());
    while (m_events.size() > eventsMax)
        m_events.pop_front();
    m_epoch = report.epoch;
    m_snapshot.receivedMs = report.timeMs;
    m_snapshot.nodes = std::move(report.nodes);
    completeSnapshot(m_snapshot);
    m_operationsPerSecond.push_back(m_snapshot.totals.operationsPerSecond.value_or(0));
    if (m_operationsPerSecond.size() > historyMax)
        m_operationsPerSecond.erase(m_operationsPerSecond.begin());
}

std::string LiveView::healthLine(const Style& style) const
{
    const Health& health = m_snapshot.health;
    const std::string text = printable((health.headline + QStringLiteral(". ") + health.detail).toStdString());
    switch (health.level) {
    case Health::Level::Well:
        return style.paint(Colour::Green, "● " + text);
    case Health::Level::Degraded:
        return style.paint(Colour::Yellow, "▲ " + text);
    case Health::Level::Critical:
        return style.paint(Colour::Red, "✕ " + text);
    case Health::Level::Unknown:
        break;
    }
    return style.paint(Colour::Grey, "◌ " + text);
}

std::string LiveView::totalsLine(const Style& style) const
{
    const ClusterTotals& totals = m_snapshot.totals;
    const auto shown = [](const std::optional<double>& value, auto&& text) {
        return value ? text(*value) : std::string("—");
    };
    const auto rounded = [](auto* text) {
        return [text](double value) { return text(static_cast<std::uint64_t>(value)); };
    };
    std::string line = style.paint(Colour::Bold, shown(totals.operationsPerSecond, figure) + " ops/s");
    line += "   p99 " + shown(totals.p99Us, rounded(latencyText));
    line += "   " + shown(totals.keys, rounded(countText)) + (m_snapshot.map ? " keys" : " records");
    line += "   " + shown(totals.memoryBytes, rounded(bytesText)) + " memory";
    return line + "   epoch " + std::to_string(m_epoch);
}

std::vector<std::string> LiveView::eventLines(const Style& style) const
{
    std::vector<std::string> lines;
    for (auto event = m_events.rbegin(); event != m_events.rend(); ++event) {
        const Colour colour = event->kind == "node-down" || event->kind == "storage-full" ? Colour::Red
                              : event->kind == "node-suspect"                             ? Colour::Yellow
                                                                                          : Colour::None;
        lines.push_back(style.paint(Colour::Grey, clockText(event->timeMs)) + "  " +
                        style.paint(colour, printable(event->text.empty() ? event->kind : event->text)));
    }
    return lines;
}

std::vector<std::string> LiveView::lines(std::size_t columns, std::size_t rows, const Style& style) const
{
    const bool hasReport = m_snapshot.receivedMs != 0;
    std::vector<std::string> all;
    all.push_back(style.paint(Colour::Bold, m_title) +
                  (hasReport ? style.paint(Colour::Grey, "   " + clockText(m_snapshot.receivedMs)) : std::string()));
    if (!m_trouble.empty())
        all.push_back(style.paint(Colour::Red, "✕ " + m_trouble));
    if (hasReport) {
        // Old figures are shown without colours, as one grey block.
        const Style bodyStyle = m_trouble.empty() ? style : Style{};
        std::vector<std::string> body = {healthLine(bodyStyle), totalsLine(bodyStyle)};
        body.push_back(sparkline(m_operationsPerSecond, columns > 20 ? columns - 12 : 8) + " ops/s");
        body.emplace_back();
        std::ranges::move(nodeLines(m_snapshot.nodes, bodyStyle), std::back_inserter(body));
        for (std::string& line : body)
            all.push_back(m_trouble.empty() ? line : style.paint(Colour::Grey, line));
    }
    const std::size_t fixed = all.size() + m_footer.size() + (m_footer.empty() ? 0 : 1);
    const std::vector<std::string> events = eventLines(style);
    if (!events.empty() && fixed + 2 < rows) {
        all.emplace_back();
        const std::size_t count = std::min(events.size(), rows - fixed - 1);
        all.insert(all.end(), events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (!m_footer.empty()) {
        all.emplace_back();
        all.insert(all.end(), m_footer.begin(), m_footer.end());
    }
    if (all.size() > rows)
        all.resize(rows);
    for (std::string& line : all)
        line = cutToColumns(line, columns);
    return all;
}

std::string clockText(std::int64_t unixMs)
{
    const std::time_t seconds = unixMs / 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    char buffer[16];
    std::strftime(buffer, sizeof buffer, "%H:%M:%S", &local);
    return buffer;
}

} // namespace quoit::terminal
