#include "console/cluster/history_codec.h"

#include <QtEndian>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr quint8 packedFlag = 0x80; // of the byte that says how many places there are

template <typename Number>
void append(QByteArray& bytes, Number number)
{
    const Number little = qToLittleEndian(number);
    bytes.append(reinterpret_cast<const char*>(&little), sizeof little);
}

/// Sign, exponent and 15 bits of the fraction: whole numbers up to 65,536, and five digits of others.
quint32 packed(float value)
{
    return (std::bit_cast<quint32>(value) + 0x80) >> 8;
}

void appendFloat(QByteArray& bytes, float value, bool isPacked)
{
    const quint32 bits = isPacked ? packed(value) : std::bit_cast<quint32>(value);
    for (int i = 0; i < (isPacked ? 3 : 4); ++i)
        bytes.append(char(bits >> (8 * i)));
}

float floatAt(const char* bytes, bool isPacked)
{
    quint32 bits = 0;
    for (int i = 0; i < (isPacked ? 3 : 4); ++i)
        bits |= quint32(quint8(bytes[i])) << (8 * i);
    return std::bit_cast<float>(isPacked ? bits << 8 : bits);
}

int codeOf(float low, float high)
{
    if (std::isnan(low))
        return 0;
    if (low != high)
        return 3;
    return low == 0 ? 1 : 2;
}

/// Takes one node off the front. @return false: the bytes don't decode
bool decode(QByteArrayView& bytes, StepFigures& figures)
{
    constexpr qsizetype headBytes = 5;
    if (bytes.size() < headBytes)
        return false;
    figures.node = qFromLittleEndian<quint32>(bytes.data());
    const bool isPacked = (quint8(bytes[4]) & packedFlag) != 0;
    const int floatBytes = isPacked ? 3 : 4;
    const std::size_t count = quint8(bytes[4]) & ~packedFlag;
    const qsizetype codeBytes = qsizetype(count + 3) / 4;
    if (bytes.size() < headBytes + codeBytes)
        return false;
    const QByteArrayView codes = bytes.sliced(headBytes, codeBytes);
    bytes = bytes.sliced(headBytes + codeBytes);
    figures.low.assign(count, nothing);
    figures.high.assign(count, nothing);
    for (std::size_t i = 0; i < count; ++i) {
        const int code = (quint8(codes[qsizetype(i / 4)]) >> (2 * (i % 4))) & 3;
        const qsizetype needed = code == 3 ? 2 * floatBytes : code == 2 ? floatBytes : 0;
        if (bytes.size() < needed)
            return false;
        if (code == 1)
            figures.low[i] = figures.high[i] = 0;
        if (code >= 2)
            figures.low[i] = figures.high[i] = floatAt(bytes.data(), isPacked);
        if (code == 3)
            figures.high[i] = floatAt(bytes.data() + floatBytes, isPacked);
        bytes = bytes.sliced(needed);
    }
    return true;
}

} // namespace

void widen(float& low, float& high, float otherLow, float otherHigh)
{
    if (std::isnan(otherLow))
        return;
    low = std::isnan(low) ? otherLow : std::min(low, otherLow);
    high = std::isnan(high) ? otherHigh : std::max(high, otherHigh);
}

void widen(StepFigures& figures, const StepFigures& other)
{
    const std::size_t count = std::max(figures.low.size(), other.low.size());
    figures.low.resize(count, nothing);
    figures.high.resize(count, nothing);
    for (std::size_t i = 0; i < other.low.size(); ++i)
        widen(figures.low[i], figures.high[i], other.low[i], other.high[i]);
}

QByteArray encodedFigures(const std::vector<StepFigures>& all, bool isPacked)
{
    QByteArray bytes;
    for (const StepFigures& figures : all) {
        const std::size_t count = figures.low.size();
        append(bytes, quint32(figures.node));
        append(bytes, quint8(count | (isPacked ? packedFlag : 0)));
        QByteArray codes(qsizetype(count + 3) / 4, '\0');
        QByteArray floats;
        for (std::size_t i = 0; i < count; ++i) {
            const int code = codeOf(figures.low[i], figures.high[i]);
            codes[qsizetype(i / 4)] = char(codes[qsizetype(i / 4)] | (code << (2 * (i % 4))));
            if (code >= 2)
                appendFloat(floats, figures.low[i], isPacked);
            if (code == 3)
                appendFloat(floats, figures.high[i], isPacked);
        }
        bytes += codes + floats;
    }
    return bytes;
}

std::optional<std::vector<StepFigures>> decodedFigures(QByteArrayView bytes)
{
    std::vector<StepFigures> all;
    while (!bytes.isEmpty())
        if (!decode(bytes, all.emplace_back()))
            return {};
    return all;
}

} // namespace quoit
