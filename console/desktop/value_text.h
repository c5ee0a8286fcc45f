// console/desktop/value_text.h - a value as text, JSON or hex, within what a text field can bear. Pure.
#pragma once

#include <QByteArray>
#include <QString>

#include <optional>

namespace quoit {

/// What of a value is shown at once; the rest is saved to a file.
inline constexpr qsizetype previewBytesMax = 64 * 1024;

struct ValueText
{
    QString text;
    bool isWhole = true;    ///< all of the value, character for character: it may be edited and saved
    bool isPossible = true; ///< false: it can't be shown like this; `text` says why
    QString whyReadOnly;    ///< of text that is possible but may not be edited; for people
};

/// It isn't whole, and says why, if lines longer than a text field can lay out quickly were broken, or if it has
/// characters that a text field takes for line ends (CR, U+2028, U+2029, U+FDD0, U+FDD1).
ValueText asPlainText(const QByteArray& value);
ValueText asJson(const QByteArray& value);
/// Offset, sixteen bytes, and their letters, a line.
ValueText asHex(const QByteArray& value);

/// "90 s", "15 min", "2 h", "7 d", "500 ms", "1h 30m". @return ms > 0; nothing if it isn't one
std::optional<qint64> parseDuration(const QString& text);

} // namespace quoit
