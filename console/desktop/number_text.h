// console/desktop/number_text.h - figures as people read them: three significant digits, a unit, and "—" for what isn't
// known. Pure. A value that is NaN, infinite or absent is unknown and never shown as 0.
#pragma once

#include <QString>

#include <cstdint>
#include <optional>

namespace quoit {

/// "—"
QString noDataText();

/// What a figure counts; decides prefix and unit. The base unit is in brackets.
enum class Unit {
    Plain,        ///< 1, 12.3, 12.3 k, 4.56 M
    PerSecond,    ///< [1/s] 12.3 k/s
    Microseconds, ///< [µs] 850 µs, 1.24 ms, 2.5 s
    Bytes,        ///< [byte] 345 MB; powers of 1000
    BytesPerSecond,
    Ratio,   ///< [0 … 1] 98.3 %
    Permille ///< [0.001] 98.3 %; of a processor, where more than 100 % may be
};

/// Three significant digits and the unit: "12.3 k/s", "1.24 ms", "345 MB", "98.3 %". Whole numbers below 1000 stay
/// whole. A no-break space stands between number and unit.
QString numberText(std::optional<double> value, Unit unit = Unit::Plain);

/// The same in two parts, for figures typeset in two sizes.
struct NumberParts
{
    QString number; ///< "12.3"
    QString unit;   ///< "k/s"; may be empty
};
NumberParts numberParts(std::optional<double> value, Unit unit = Unit::Plain);

/// Exact, in groups of three: "34,924".
QString countText(std::uint64_t count);

/// Two units at most: "850 ms", "12 s", "3 min 12 s", "2 h 5 min", "4 d 3 h". Negative counts as unknown.
QString durationText(std::optional<std::int64_t> milliseconds);
/// "now" below 2 s, else "12 s ago", "3 min ago": one unit, for ages that tick.
QString ageText(std::optional<std::int64_t> milliseconds);

/// Tick labels of one axis share prefix and decimals, so that they line up: "0", "5 k/s", "10 k/s".
/// @param step distance of the ticks, > 0
/// @param largest largest absolute value on the axis
QString tickText(double value, double step, double largest, Unit unit);

/// A step of 1, 2 or 5 × 10^k that gives at most tickCountMax intervals over the span. @param span > 0
/// @param stepMin of what is counted 1: there is no half of it
/// For microseconds and bytes alike: the units are decimal.
double niceStep(double span, int tickCountMax, double stepMin = 0);

} // namespace quoit
