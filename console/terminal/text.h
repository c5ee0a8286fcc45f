// console/terminal/text.h - how figures, names and states look in a terminal.
// Pure. Everything is UTF-8; nothing that came from the cluster reaches the terminal with its control characters.
#pragma once

#include "shared/admin/node_report.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::terminal {

enum class Colour { None, Green, Yellow, Red, Grey, Bold };

/// Whether to colour; everything below is plain text without it.
struct Style
{
    bool isColoured = false;

    std::string paint(Colour colour, std::string_view text) const;
    /// In the colour of the n-th node: the Okabe-Ito series, from the beginning again after seven.
    std::string paintSeries(std::size_t index, std::string_view text) const;
};

/// Columns that a text takes: code points, wide ones (CJK, emoji) twice, combining ones and escape sequences not at
/// all.
std::size_t columnsOf(std::string_view text);

/// Cut to at most so many columns, the last of which is "…" where something was cut. Escape sequences take no room; a
/// text that has any and is cut ends with the colours reset.
std::string cutToColumns(std::string_view text, std::size_t columnsMax);

/// Control characters, DEL and bytes that aren't UTF-8 as \n, \t, \xHH; the backslash doubled.
std::string printable(std::string_view bytes);

/// A value for people: as it is if it is UTF-8 and has no control characters but line ends and tabulators, else
/// printable().
std::string readable(std::string_view bytes);

/// The text between double quotes, printable().
std::string inQuotes(std::string_view text);

/// Bytes of the code point at the front of a text that isn't empty, 1 … 4; 0 if they aren't UTF-8.
std::size_t utf8Length(std::string_view bytes);

/// True if the bytes are valid UTF-8 (no overlong forms, no surrogates).
bool isUtf8(std::string_view bytes);

/// Three significant digits: "0", "7", "0.5", "12.3", "1.23 k", "45.6 M", "7.89 G".
std::string figure(double value);
/// "0 B", "512 B", "1.23 KiB", "45.6 MiB" ...
std::string bytesText(std::uint64_t bytes);
/// A latency: "—" for 0, "85 µs", "1.23 ms", "2.05 s".
std::string latencyText(std::uint64_t microseconds);
/// "0 s", "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
std::string durationText(std::uint64_t seconds);
/// "12,345"
std::string countText(std::uint64_t count);
/// "1 node", "12,345 nodes"
std::string countOf(std::uint64_t count, std::string_view noun);
/// "3 replicas of each"; where there are fewer nodes: "2 replicas of each (3 once there are as many nodes)".
std::string replicasText(const ClusterMap& map);

/// Shape, word and colour: "● up", "▲ suspect", "✕ down", "◌ unknown", "◌ waiting".
std::string stateText(NodeState state, const Style& style);

/// A bar of exactly so many columns, filled in eighths of a column. @param fraction 0 … 1; clamped
std::string bar(double fraction, std::size_t columns);

/// The last values as a line of small bars, the newest at the right, at most so many; the largest is full height.
std::string sparkline(const std::vector<double>& values, std::size_t columnsMax);

/// Aligned columns with a head and no lines; the widths come from the content.
class Table
{
public:
    enum class Align { Left, Right };
    struct Column
    {
        std::string title;
        Align align = Align::Left;
    };

    explicit Table(std::vector<Column> columns);

    /// @param cells [columns] texts, which may hold escape sequences
    void add(std::vector<std::string> cells);
    /// @return [rows + 1] lines without line ends, the head first
    std::vector<std::string> lines(const Style& style) const;

private:
    std::vector<Column> m_columns;
    std::vector<std::vector<std::string>> m_rows;
};

/// Two columns, name and value, aligned; for status and stats.
std::vector<std::string> pairLines(const std::vector<std::pair<std::string, std::string>>& pairs, const Style& style);

} // namespace quoit::terminal
