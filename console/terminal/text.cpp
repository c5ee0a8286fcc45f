#include "console/terminal/text.h"

#include "shared/base/utf8.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace quoit::terminal {

namespace {

constexpr std::string_view reset = "\033[0m";

std::size_t widthOf(char32_t c)
{
    const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    if (within(0x300, 0x36f) || within(0x200b, 0x200f) || within(0xfe00, 0xfe0f) || within(0x20d0, 0x20ff))
        return 0;
    const bool isWide = within(0x1100, 0x115f) || within(0x2e80, 0xa4cf) || within(0xac00, 0xd7a3) ||
                        within(0xf900, 0xfaff) || within(0xfe30, 0xfe6f) || within(0xff00, 0xff60) ||
                        within(0xffe0, 0xffe6) || within(0x1f300, 0x1f64f) || within(0x1f900, 0x1f9ff) ||
                        within(0x20000, 0x3fffd);
    return isWide ? 2 : 1;
}

/// Bytes of the escape sequence (ESC [ ... letter) at the front, 0 if there is none.
std::size_t escapeLength(std::string_view text)
{
    if (!text.starts_with("\033["))
        return 0;
    const std::size_t end = text.find_first_not_of("0123456789;", 2);
    return end == std::string_view::npos ? text.size() : end + 1;
}

std::string significant(double value)
{
    const int digits = value >= 100 || value == 0 ? 0 : value >= 10 ? 1 : 2;
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    std::string text = buffer;
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.')
            text.pop_back();
    }
    return text;
}

/// Divides by the step until less than what would round to four digits is left.
std::string scaled(double value, double step, std::initializer_list<std::string_view> units)
{
    auto unit = units.begin();
    while (value >= (step == 1000 ? 999.5 : step) && std::next(unit) != units.end()) {
        value /= step;
        ++unit;
    }
    std::string text = significant(value);
    return unit->empty() ? text : text + " " + std::string(*unit);
}

std::string padTo(const std::string& text, std::size_t columns, Table::Align align)
{
    const std::size_t used = columnsOf(text);
    const std::string space(columns > used ? columns - used : 0, ' ');
    return align == Table::Align::Left ? text + space : space + text;
}

} // namespace

std::string Style::paint(Colour colour, std::string_view text) const
{
    constexpr std::array<std::string_view, 6> codes = {"", "\033[32m", "\033[33m", "\033[31m", "\033[90m", "\033[1m"};
    if (!isColoured || colour == Colour::None)
        return std::string(text);
    return std::string(codes[static_cast<std::size_t>(colour)]) + std::string(text) + std::string(reset);
}

std::string Style::paintSeries(std::size_t index, std::string_view text) const
{
    // Okabe-Ito, in the nearest of the 256 colours that every terminal of today knows.
    constexpr std::array<int, 7> codes = {32, 214, 36, 175, 117, 166, 227};
    if (!isColoured)
        return std::string(text);
    return "\033[38;5;" + std::to_string(codes[index % codes.size()]) + "m" + std::string(text) + std::string(reset);
}

std::size_t columnsOf(std::string_view text)
{
    std::size_t columns = 0;
    while (!text.empty()) {
        if (const std::size_t escape = escapeLength(text)) {
            text.remove_prefix(escape);
            continue;
        }
        char32_t codePoint = 0;
        const std::size_t length = decodeUtf8(text, codePoint);
        columns += length ? widthOf(codePoint) : 1;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return columns;
}

std::string cutToColumns(std::string_view text, std::size_t columnsMax)
{
    std::size_t columns = 0;
    std::size_t keptBytes = 0; // of what fits with one column left for the ellipsis
    bool hasEscapes = false;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t escape = escapeLength(text.substr(at))) {
            hasEscapes = true;
            at += escape;
            continue;
        }
        char32_t codePoint = 0;
        const std::size_t length = decodeUtf8(text.substr(at), codePoint);
        columns += length ? widthOf(codePoint) : 1;
        at += std::max<std::size_t>(length, 1);
        if (columns > columnsMax) {
            const std::string kept = columnsMax == 0 ? std::string() : std::string(text.substr(0, keptBytes)) + "…";
            return hasEscapes ? kept + std::string(reset) : kept;
        }
        if (columns < columnsMax)
            keptBytes = at;
    }
    return std::string(text);
}

std::string printable(std::string_view bytes)
{
    std::string text;
    while (!bytes.empty()) {
        char32_t codePoint = 0;
        const std::size_t length = decodeUtf8(bytes, codePoint);
        if (length && !isControlCode(codePoint)) {
            text.append(codePoint == '\\' ? "\\\\" : bytes.substr(0, length));
            bytes.remove_prefix(length);
            continue;
        }
        const char byte = bytes.front();
        if (byte == '\n')
            text += "\\n";
        else if (byte == '\r')
            text += "\\r";
        else if (byte == '\t')
            text += "\\t";
        else {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(byte));
            text += buffer;
        }
        bytes.remove_prefix(1);
    }
    return text;
}

std::string readable(std::string_view bytes)
{
    for (std::string_view rest = bytes; !rest.empty();) {
        char32_t codePoint = 0;
        const std::size_t length = decodeUtf8(rest, codePoint);
        const bool isLayout = codePoint == '\n' || codePoint == '\t';
        if (length == 0 || (isControlCode(codePoint) && !isLayout))
            return printable(bytes);
        rest.remove_prefix(length);
    }
    return std::string(bytes);
}

std::string inQuotes(std::string_view text)
{
    std::string out(1, '"');
    out += printable(text);
    out.push_back('"');
    return out;
}

std::size_t utf8Length(std::string_view bytes)
{
    char32_t codePoint = 0;
    return decodeUtf8(bytes, codePoint);
}

bool isUtf8(std::string_view bytes)
{
    while (!bytes.empty()) {
        char32_t codePoint = 0;
        const std::size_t length = decodeUtf8(bytes, codePoint);
        if (length == 0)
            return false;
        bytes.remove_prefix(length);
    }
    return true;
}

std::string figure(double value)
{
    return scaled(value, 1000, {"", "k", "M", "G", "T"});
}

std::string bytesText(std::uint64_t bytes)
{
    return scaled(static_cast<double>(bytes), 1024, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string latencyText(std::uint64_t microseconds)
{
    return microseconds == 0 ? "—" : scaled(static_cast<double>(microseconds), 1000, {"µs", "ms", "s"});
}

std::string durationText(std::uint64_t seconds)
{
    const auto two = [](std::uint64_t big, const char* bigUnit, std::uint64_t small, const char* smallUnit) {
        std::string text = std::to_string(big) + bigUnit;
        return small == 0 ? text : text + " " + std::to_string(small) + smallUnit;
    };
    if (seconds < 60)
        return std::to_string(seconds) + " s";
    if (seconds < 3600)
        return two(seconds / 60, " min", seconds % 60, " s");
    if (seconds < 86'400)
        return two(seconds / 3600, " h", seconds / 60 % 60, " min");
    return two(seconds / 86'400, " d", seconds / 3600 % 24, " h");
}

std::string countText(std::uint64_t count)
{
    std::string text = std::to_string(count);
    for (std::size_t at = text.size(); at > 3;)
        text.insert(at -= 3, 1, ',');
    return text;
}

std::string countOf(std::uint64_t count, std::string_view noun)
{
    return countText(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string replicasText(const ClusterMap& map)
{
    const std::size_t now = map.replicas(0).size();
    return countOf(now, "replica") + " of each" +
           (now < map.replicaCount() ? " (" + std::to_string(map.replicaCount()) + " once there are as many nodes)" : "");
}

std::string stateText(NodeState state, const Style& style)
{
    switch (state) {
    case NodeState::Up:
        return style.paint(Colour::Green, "● up");
    case NodeState::Suspect:
        return style.paint(Colour::Yellow, "▲ suspect");
    case NodeState::Down:
        return style.paint(Colour::Red, "✕ down");
    case NodeState::Waiting:
        return style.paint(Colour::Grey, "◌ waiting");
    case NodeState::Unknown:
        break;
    }
    return style.paint(Colour::Grey, "◌ unknown");
}

std::string bar(double fraction, std::size_t columns)
{
    constexpr std::array<std::string_view, 8> parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const double clamped = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
    const auto eighths = static_cast<std::size_t>(std::lround(clamped * static_cast<double>(columns) * 8));
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i)
        text += "█";
    text += parts[eighths % 8];
    const std::size_t used = (eighths + 7) / 8;
    for (std::size_t i = used; i < columns; ++i)
        text += "·";
    return text;
}

std::string sparkline(const std::vector<double>& values, std::size_t columnsMax)
{
    constexpr std::array<std::string_view, 8> heights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const std::size_t first = values.size() > columnsMax ? values.size() - columnsMax : 0;
    double largest = 0;
    for (std::size_t i = first; i < values.size(); ++i)
        largest = std::max(largest, values[i]);
    std::string text;
    for (std::size_t i = first; i < values.size(); ++i) {
        const double share = largest > 0 ? std::max(0.0, values[i]) / largest : 0;
        text += heights[static_cast<std::size_t>(std::lround(share * 7))];
    }
    return text;
}

Table::Table(std::vector<Column> columns)
    : m_columns(std::move(columns))
{}

void Table::add(std::vector<std::string> cells)
{
    cells.resize(m_columns.size());
    m_rows.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(const Style& style) const
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        std::size_t width = columnsOf(m_columns[i].title);
        for (const auto& row : m_rows)
            width = std::max(width, columnsOf(row[i]));
        widths.push_back(width);
    }
    const auto line = [&](auto&& cellAt) {
        std::string text;
        for (std::size_t i = 0; i < m_columns.size(); ++i)
            text += (i ? "  " : "") + padTo(cellAt(i), widths[i], m_columns[i].align);
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    };
    std::vector<std::string> all;
    all.push_back(style.paint(Colour::Bold, line([&](std::size_t i) { return m_columns[i].title; })));
    for (const auto& row : m_rows)
        all.push_back(line([&](std::size_t i) { return row[i]; }));
    return all;
}

std::vector<std::string> pairLines(const std::vector<std::pair<std::string, std::string>>& pairs, const Style& style)
{
    std::size_t width = 0;
    for (const auto& [name, value] : pairs)
        width = std::max(width, columnsOf(name));
    std::vector<std::string> lines;
    for (const auto& [name, value] : pairs)
        lines.push_back(style.paint(Colour::Grey, padTo(name, width, Table::Align::Left)) + "  " + value);
    return lines;
}

} // namespace quoit::terminal
