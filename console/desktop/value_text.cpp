#include "console/desktop/value_text.h"

#include "console/desktop/number_text.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QStringDecoder>

#include <utility>

namespace quoit {

namespace {

constexpr qsizetype lineCharactersMax = 2000;
constexpr qsizetype brokenLineCharacters = 120;

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::ValueText", text);
}

/// Cuts lines that would take a text field seconds to lay out.
bool breakLongLines(QString& text)
{
    QStringList lines = text.split(QLatin1Char('\n'));
    bool isBroken = false;
    for (QString& line : lines) {
        if (line.size() <= lineCharactersMax)
            continue;
        isBroken = true;
        QString pieces;
        for (qsizetype at = 0; at < line.size(); at += brokenLineCharacters)
            pieces += (at > 0 ? QStringLiteral("\n") : QString()) + line.mid(at, brokenLineCharacters);
        line = pieces;
    }
    if (isBroken)
        text = lines.join(QLatin1Char('\n'));
    return isBroken;
}

/// The first character that a text field would make a line end of, by its name; empty: there is none.
QString lineEndIn(const QString& text)
{
    for (const QChar c : text) {
        if (c == QLatin1Char('\r'))
            return QStringLiteral("CR");
        if (c == QChar::LineSeparator || c == QChar::ParagraphSeparator || c == QChar(0xfdd0) || c == QChar(0xfdd1))
            return QStringLiteral("U+%1").arg(QString::number(c.unicode(), 16).toUpper());
    }
    return {};
}

/// JSON with one member or element a line; names, numbers and their order stay as they are.
/// @param json valid; stops soon after previewBytesMax bytes, since deep nesting would grow without bound
QByteArray indented(const QByteArray& json)
{
    QByteArray text;
    int depth = 0;
    bool isInString = false;
    bool isEmpty = false; // the last character opened an object or an array
    const auto newLine = [&] { text += '\n' + QByteArray(4 * depth, ' '); };
    for (qsizetype at = 0; at < json.size() && text.size() <= previewBytesMax; ++at) {
        const char c = json[at];
        if (isInString) {
            text += c;
            if (c == '\\' && at + 1 < json.size())
                text += json[++at];
            isInString = c != '"';
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            continue;
        if (c == '}' || c == ']') {
            --depth;
            if (!std::exchange(isEmpty, false))
                newLine();
            text += c;
            continue;
        }
        if (std::exchange(isEmpty, false))
            newLine();
        text += c;
        if (c == '{' || c == '[') {
            ++depth;
            isEmpty = true;
        } else if (c == ',') {
            newLine();
        } else if (c == ':') {
            text += ' ';
        }
        isInString = c == '"';
    }
    return text + '\n';
}

} // namespace

ValueText asPlainText(const QByteArray& value)
{
    ValueText shown;
    // A mark of byte order is a part of the value.
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom);
    shown.text = decoder(value.left(previewBytesMax));
    const bool isCut = value.size() > previewBytesMax;
    // A character that the cut went through is no error of the value.
    if (value.contains('\0') || (!isCut && decoder.hasError()) || shown.text.contains(QChar::ReplacementCharacter)) {
        shown.text = translated("This value isn't text. Look at it as hex, or save it to a file.");
        shown.isWhole = shown.isPossible = false;
        return shown;
    }
    if (isCut)
        shown.whyReadOnly = translated("The first %1 of %2 are shown, for reading only. Save it to a file to see all of it.")
                                .arg(numberText(double(previewBytesMax), Unit::Bytes),
                                     numberText(double(value.size()), Unit::Bytes));
    else if (const QString name = lineEndIn(shown.text); !name.isEmpty())
        shown.whyReadOnly = translated("This value has a character (%1) that a text field can't keep, so this is for reading "
                                       "only. Look at it as hex, or save it to a file.")
                                .arg(name);
    if (breakLongLines(shown.text) && shown.whyReadOnly.isEmpty())
        shown.whyReadOnly = translated("Long lines are broken for display, so this is for reading only.");
    shown.isWhole = shown.whyReadOnly.isEmpty();
    return shown;
}

ValueText asJson(const QByteArray& value)
{
    ValueText shown;
    shown.isWhole = false;
    if (value.size() > previewBytesMax * 16) {
        shown.text = translated("Too large to be laid out. Save it to a file.");
        shown.isPossible = false;
        return shown;
    }
    QJsonParseError error;
    QJsonDocument::fromJson(value, &error); // says whether it is JSON, and no more: it sorts names and rounds numbers
    if (error.error != QJsonParseError::NoError) {
        shown.text = translated("This value isn't JSON: %1, at byte %2.").arg(error.errorString()).arg(error.offset);
        shown.isPossible = false;
        return shown;
    }
    const QByteArray text = indented(value);
    shown.text = QString::fromUtf8(text.left(previewBytesMax));
    if (text.size() > previewBytesMax)
        shown.whyReadOnly = translated("Only the beginning is shown. Save it to a file to see all of it.");
    breakLongLines(shown.text);
    return shown;
}

ValueText asHex(const QByteArray& value)
{
    ValueText shown;
    shown.isWhole = false;
    const QByteArray bytes = value.left(previewBytesMax / 4);
    QString& text = shown.text;
    text.reserve(bytes.size() * 5);
    for (qsizetype at = 0; at < bytes.size(); at += 16) {
        const QByteArray line = bytes.mid(at, 16);
        text += QStringLiteral("%1  ").arg(at, 8, 16, QLatin1Char('0'));
        text += QString::fromLatin1(line.toHex(' ')).leftJustified(49);
        for (const char byte : line)
            text += byte >= 0x20 && byte < 0x7f ? QLatin1Char(byte) : QLatin1Char('.');
        text += QLatin1Char('\n');
    }
    text.chop(text.endsWith(QLatin1Char('\n')) ? 1 : 0);
    return shown;
}

std::optional<qint64> parseDuration(const QString& text)
{
    static const QRegularExpression whole(QStringLiteral("^(\\s*\\d+(\\.\\d+)?\\s*(ms|s|sec|m|min|h|d)\\s*)+$"));
    static const QRegularExpression part(QStringLiteral("(\\d+(?:\\.\\d+)?)\\s*(ms|s|sec|min|m|h|d)"));
    if (!whole.match(text).hasMatch())
        return {};
    double ms = 0;
    for (auto each = part.globalMatch(text); each.hasNext();) {
        const auto match = each.next();
        const QString unit = match.captured(2);
        const double factor = unit == QLatin1String("ms")         ? 1
                              : unit.startsWith(QLatin1Char('s')) ? 1000
                              : unit.startsWith(QLatin1Char('m')) ? 60'000
                              : unit == QLatin1String("h")        ? 3'600'000
                                                                  : 86'400'000;
        ms += match.captured(1).toDouble() * factor;
    }
    // A century is longer than anybody means, and far from overflow.
    if (ms < 1 || ms > 100.0 * 365 * 86'400'000)
        return {};
    return qint64(ms);
}

} // namespace quoit
