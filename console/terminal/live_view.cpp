#include "console/terminal/live_view.h"

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
    m_hasReport = true;
    m_trouble.clear();
    m_operationsPerSecond.push_back(static_cast<double>(figuresOf(report.nodes).operationsPerSecond));
    if (m_operationsPerSecond.size() > historyMax)
        m_operationsPerSecond.erase(m_operationsPerSecond.begin());
    m_events.insert(m_events.end(), report.events.begin(), report.events.end());
    while (m_events.size() > eventsMax)
        m_events.pop_front();
    m_report = std::move(report);
}

std::string LiveView::headline(const Style& style) const
{
    const ClusterFigures sum = figuresOf(m_report.nodes);
    std::string text = style.paint(Colour::Green, "● " + std::to_string(sum.up) + " up");
    if (sum.suspect > 0)
        text += "  " + style.paint(Colour::Yellow, "▲ " + std::to_string(sum.suspect) + " suspect");
    if (sum.down > 0)
        text += "  " + style.paint(Colour::Red, "✕ " + std::to_string(sum.down) + " down");
    text += "   " + style.paint(Colour::Bold, figure(static_cast<double>(sum.operationsPerSecond)) + " ops/s");
    text += "   p99 " + latencyText(sum.p99Us);
    text += m_replicaCount > 0 ? "   " + countText(sum.storedRecords / m_replicaCount) + " keys"
                               : "   " + countText(sum.storedRecords) + " records";
    text += "   " + bytesText(sum.memoryBytes) + " memory";
    return text + "   epoch " + std::to_string(m_report.epoch);
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
    std::vector<std::string> all;
    all.push_back(style.paint(Colour::Bold, m_title) +
                  (m_hasReport ? style.paint(Colour::Grey, "   " + clockText(m_report.timeMs)) : std::string()));
    if (!m_trouble.empty())
        all.push_back(style.paint(Colour::Red, "✕ " + m_trouble));
    if (m_hasReport) {
        // Old figures are shown without colours, as one grey block.
        const Style bodyStyle = m_trouble.empty() ? style : Style{};
        std::vector<std::string> body = {headline(bodyStyle)};
        body.push_back(sparkline(m_operationsPerSecond, columns > 20 ? columns - 12 : 8) + " ops/s");
        body.emplace_back();
        std::ranges::move(nodeLines(m_report.nodes, bodyStyle), std::back_inserter(body));
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
