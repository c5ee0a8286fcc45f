#include "console/desktop/number_text.h"

#include <array>
#include <cmath>

namespace quoit {

namespace {

constexpr QChar noBreakSpace(0x00a0);

struct Scale
{
    double factor;
    const char* prefix;
};

constexpr std::array<Scale, 6> countScales = {{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}}};
constexpr std::array<Scale, 3> timeScales = {{{1e6, "s"}, {1e3, "ms"}, {1, "µs"}}};

struct ScaledUnit
{
    double factor = 1;
    QString unit;
    bool isWholeBelowThousand = false; ///< counts that aren't divided need no decimals when they are whole
};

/// The unit in which a value of this size is told. @param magnitude ≥ 0
ScaledUnit scaledUnit(double magnitude, Unit unit)
{
    if (unit == Unit::Ratio)
        return {0.01, QStringLiteral("%"), false};
    if (unit == Unit::Permille)
        return {10, QStringLiteral("%"), false};
    if (unit == Unit::Microseconds) {
        for (const Scale& scale : timeScales) {
            if (magnitude >= scale.factor * 0.9995 || scale.factor == 1)
                return {scale.factor, QString::fromUtf8(scale.prefix), scale.factor == 1};
        }
    }
    QString base;
    if (unit == Unit::PerSecond)
        base = QStringLiteral("/s");
    else if (unit == Unit::Bytes)
        base = QStringLiteral("B");
    else if (unit == Unit::BytesPerSecond)
        base = QStringLiteral("B/s");
    for (const Scale& scale : countScales) {
        // 999.6 would round to 1000: it is told as 1 k.
        if (magnitude >= scale.factor * 0.9995 || scale.factor == 1)
            return {scale.factor, QString::fromUtf8(scale.prefix) + base, true};
    }
    return {};
}

/// Three significant digits, without zeros at the end that say nothing.
QString threeDigits(double value, bool isWholeExact)
{
    const double magnitude = std::abs(value);
    if (isWholeExact && magnitude < 999.5 && value == std::floor(value))
        return QString::number(value, 'f', 0);
    const int decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
    return QString::number(value, 'f', decimals);
}

QString joined(const NumberParts& parts)
{
    if (parts.unit.isEmpty() || parts.unit.startsWith(QLatin1Char('/'))) // "180/s", but "1.2 k/s"
        return parts.number + parts.unit;
    return parts.number + noBreakSpace + parts.unit;
}

bool isKnown(std::optional<double> value)
{
    return value && std::isfinite(*value);
}

} // namespace

QString noDataText()
{
    return QStringLiteral("—");
}

NumberParts numberParts(std::optional<double> value, Unit unit)
{
    if (!isKnown(value))
        return {noDataText(), {}};
    const ScaledUnit scaled = scaledUnit(std::abs(*value), unit);
    const double told = *value / scaled.factor;
    if (told == 0)
        return {QStringLiteral("0"), scaled.unit};
    if (std::abs(told) < 0.005)
        return {told > 0 ? QStringLiteral("< 0.01") : QStringLiteral("> −0.01"), scaled.unit};
    QString number = threeDigits(told, scaled.isWholeBelowThousand && scaled.factor == 1);
    if (scaled.unit == QLatin1String("%") && std::abs(told) >= 99.95)
        number = QString::number(told, 'f', told < 100 ? 1 : 0);
    number.replace(QLatin1Char('-'), QChar(0x2212));
    return {number, scaled.unit};
}

QString numberText(std::optional<double> value, Unit unit)
{
    return joined(numberParts(value, unit));
}

QString countText(std::uint64_t count)
{
    QString digits = QString::number(count);
    for (qsizetype place = digits.size() - 3; place > 0; place -= 3)
        digits.insert(place, QLatin1Char(','));
    return digits;
}

QString durationText(std::optional<std::int64_t> milliseconds)
{
    if (!milliseconds || *milliseconds < 0)
        return noDataText();
    const auto part = [](std::int64_t count, const char* unit) {
        return QString::number(count) + noBreakSpace + QLatin1String(unit);
    };
    const auto two = [&part](std::int64_t large, const char* largeUnit, std::int64_t small, const char* smallUnit) {
        const QString text = part(large, largeUnit);
        return small == 0 ? text : text + QLatin1Char(' ') + part(small, smallUnit);
    };
    if (*milliseconds < 1000)
        return part(*milliseconds, "ms");
    const std::int64_t seconds = *milliseconds / 1000;
    if (seconds < 60)
        return part(seconds, "s");
    if (seconds < 3600)
        return two(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 86400)
        return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
    return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

QString ageText(std::optional<std::int64_t> milliseconds)
{
    if (!milliseconds || *milliseconds < 0)
        return noDataText();
    const std::int64_t seconds = *milliseconds / 1000;
    if (seconds < 2)
        return QStringLiteral("now");
    const auto ago = [](std::int64_t count, const char* unit) {
        return QString::number(count) + noBreakSpace + QLatin1String(unit) + QStringLiteral(" ago");
    };
    if (seconds < 60)
        return ago(seconds, "s");
    if (seconds < 3600)
        return ago(seconds / 60, "min");
    if (seconds < 86400)
        return ago(seconds / 3600, "h");
    return ago(seconds / 86400, "d");
}

QString tickText(double value, double step, double largest, Unit unit)
{
    if (!std::isfinite(value))
        return noDataText();
    if (std::abs(value) < step * 1e-9)
        return unit == Unit::Ratio || unit == Unit::Permille ? QStringLiteral("0") + noBreakSpace + QLatin1Char('%') : QStringLiteral("0");
    const ScaledUnit scaled = scaledUnit(std::abs(largest), unit);
    const double toldStep = step / scaled.factor;
    int decimals = 0;
    // A step of 0.25 needs two decimals, one of 2 none.
    for (double rest = toldStep; decimals < 6 && std::abs(rest - std::round(rest)) > 1e-6; rest *= 10)
        ++decimals;
    QString number = QString::number(value / scaled.factor, 'f', decimals);
    number.replace(QLatin1Char('-'), QChar(0x2212));
    return joined({number, scaled.unit});
}

double niceStep(double span, int tickCountMax, double stepMin)
{
    const double rough = std::max(stepMin, span / std::max(1, tickCountMax));
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough * (1 - 1e-9))
            return factor * power;
    }
    return 10 * power;
}

} // namespace quoit
