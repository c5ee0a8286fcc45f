#include "tests/unit/house/house_rules.h"

#include <QHash>
#include <QRegularExpression>
#include <QStringDecoder>

namespace quoit::house {

namespace {

constexpr int headerLinesMax = 250;
constexpr int sourceLinesMax = 600;
constexpr int functionLinesMax = 70;

/// Arrows point down only. A room may include itself and what is listed.
const QHash<QString, QStringList>& arrows()
{
    static const QHash<QString, QStringList> table = [] {
        QHash<QString, QStringList> rooms;
        const auto add = [&rooms](const char* room, const char* below) {
            rooms.insert(QString::fromLatin1(room),
                         QString::fromLatin1(below).split(QLatin1Char(' '), Qt::SkipEmptyParts));
        };
        add("shared/base", "");
        add("shared/ring", "shared/base");
        add("shared/resp", "shared/base");
        add("shared/admin", "shared/resp shared/ring shared/base");
        add("shared/client", "shared/admin shared/resp shared/ring shared/base");
        add("node/core", "shared/ring shared/base");
        add("node/commands", "node/core shared/resp shared/ring shared/base");
        add("node/store", "node/core shared/ring shared/base");
        add("node/peer", "node/core shared/ring shared/base");
        add("node/server",
            "node/commands node/store node/peer node/core shared/admin shared/resp shared/ring shared/base");
        add("node/app", "node/server node/commands node/store node/peer node/core shared/admin shared/resp shared/ring "
                        "shared/base");
        add("console/cluster", "shared/client shared/admin shared/resp shared/ring shared/base");
        add("console/desktop", "console/cluster shared/client shared/admin shared/resp shared/ring shared/base");
        add("console/terminal", "console/cluster shared/client shared/admin shared/resp shared/ring shared/base");
        return rooms;
    }();
    return table;
}

/// Headers that only some rooms may include, and why.
struct Reach
{
    QRegularExpression header;
    QRegularExpression rooms; ///< which may (or, if isForbidden, may not)
    bool isForbidden;
    QString why;
};

const QList<Reach>& reaches()
{
    const auto re = [](const char* pattern) { return QRegularExpression(QString::fromLatin1(pattern)); };
    static const QList<Reach> table = {
        {re("^(QTcp|QUdp|QLocalSo|QLocalSe|QSsl|QAbstractSocket|QNetworkAccess|sys/socket\\.h|sys/epoll\\.h|netinet/)"),
         re("^(node/server|node/app|shared/client)$"), false,
         QStringLiteral("only server, client and app touch sockets")},
        {re("^(QFile|QSaveFile|QDir|QTemporary|QSql|QSettings|QLockFile|fstream|filesystem|fcntl\\.h|sqlite3\\.h|sys/"
            "stat\\.h)"),
         re("^(node/store|node/app|console/.*)$"), false, QStringLiteral("only store, app and console touch files")},
        {re("^Q"), re("^(shared/base|shared/ring|shared/resp|shared/admin|node/core|node/commands|node/peer)$"), true,
         QStringLiteral("this room does without Qt")},
        {re("^(thread|mutex|shared_mutex|condition_variable|future|atomic|random|ctime|time\\.h|unistd\\.h)$"),
         re("^(shared/ring|shared/resp|shared/admin|node/core|node/commands|node/peer)$"), true,
         QStringLiteral("this room is pure: no thread, clock or chance")},
        {re("^(QWidget|QApplication|QPainter|QMainWindow|QDialog)"), re("^console/desktop$"), false,
         QStringLiteral("only the desktop has widgets")},
    };
    return table;
}

bool isCode(const QString& path)
{
    return path.endsWith(QLatin1String(".h")) || path.endsWith(QLatin1String(".cpp"));
}

QString offence(const SourceFile& file, qsizetype line, const QString& what)
{
    return QStringLiteral("%1:%2: %3").arg(file.path).arg(line).arg(what);
}

/// Calls visit(line number, header, is it in quotes) for every include.
template <typename Visit>
void eachInclude(const SourceFile& file, Visit visit)
{
    static const QRegularExpression include(QStringLiteral("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]"));
    const QStringList lines = QString::fromUtf8(file.text).split(QLatin1Char('\n'));
    for (qsizetype i = 0; i < lines.size(); ++i)
        if (const auto match = include.match(lines[i]); match.hasMatch())
            visit(i + 1, match.captured(2), match.captured(1) == QLatin1String("\""));
}

/// A function's body by the house's layout: a line with nothing but spaces and '{', up to the '}' below it.
void appendLongFunctions(const SourceFile& file, const QList<QByteArray>& lines, QStringList& offences)
{
    for (qsizetype begin = 0; begin < lines.size(); ++begin) {
        const qsizetype indent = lines[begin].size() - 1;
        if (indent < 0 || lines[begin] != QByteArray(indent, ' ') + '{')
            continue;
        const QByteArray bodyEnd = QByteArray(indent, ' ') + '}';
        for (qsizetype end = begin + 1; end < lines.size(); ++end) {
            if (!lines[end].startsWith(bodyEnd))
                continue;
            // A class, struct or initializer ends with "};": only its functions count.
            if (lines[end] == bodyEnd && end - begin - 1 > functionLinesMax)
                offences << offence(
                    file, begin + 1,
                    QStringLiteral("a function of %1 lines (at most %2)").arg(end - begin - 1).arg(functionLinesMax));
            break;
        }
    }
}

} // namespace

QString roomOf(const QString& path)
{
    static const QRegularExpression room(QStringLiteral("^((?:shared|node|console)/[^/]+)/"));
    return room.match(path).captured(1);
}

bool isKnownRoom(const QString& room)
{
    return arrows().contains(room);
}

QStringList directionOffences(const SourceFile& file)
{
    QStringList offences;
    const QString room = roomOf(file.path);
    eachInclude(file, [&](qsizetype line, const QString& header, bool isQuoted) {
        static const QRegularExpression top(QStringLiteral("^(shared|node|console|tests)/"));
        const QString target = roomOf(header);
        if (isQuoted && !top.match(header).hasMatch() && !header.endsWith(QLatin1String(".moc")))
            offences << offence(file, line,
                                QStringLiteral("\"%1\" doesn't begin at the top of the checkout").arg(header));
        if (room.isEmpty() || target == room)
            return;
        if (header.startsWith(QLatin1String("tests/")))
            offences << offence(file, line, QStringLiteral("%1 includes a test").arg(room));
        else if (!target.isEmpty() && !arrows().value(room).contains(target))
            offences << offence(file, line, QStringLiteral("%1 may not include %2").arg(room, target));
    });
    return offences;
}

QStringList reachOffences(const SourceFile& file)
{
    QStringList offences;
    const QString room = roomOf(file.path);
    if (room.isEmpty())
        return offences;
    eachInclude(file, [&](qsizetype line, const QString& header, bool isQuoted) {
        for (const Reach& reach : reaches())
            if (!isQuoted && reach.header.match(header).hasMatch() &&
                reach.rooms.match(room).hasMatch() == reach.isForbidden)
                offences << offence(file, line, QStringLiteral("<%1>: %2").arg(header, reach.why));
    });
    return offences;
}

QStringList lengthOffences(const SourceFile& file)
{
    QStringList offences;
    if (!isCode(file.path))
        return offences;
    const QList<QByteArray> lines = file.text.split('\n');
    const int linesMax = file.path.endsWith(QLatin1String(".h")) ? headerLinesMax : sourceLinesMax;
    if (const qsizetype count = file.text.count('\n'); count > linesMax)
        offences << offence(file, 1, QStringLiteral("%1 lines (at most %2)").arg(count).arg(linesMax));
    appendLongFunctions(file, lines, offences);
    return offences;
}

QStringList textOffences(const SourceFile& file)
{
    QStringList offences;
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    const QString decoded = decoder(file.text);
    if (decoder.hasError() || decoded.contains(QChar::ReplacementCharacter))
        offences << offence(file, 1, QStringLiteral("isn't UTF-8"));
    if (file.text.startsWith("\xef\xbb\xbf"))
        offences << offence(file, 1, QStringLiteral("begins with a byte order mark"));
    if (file.text.contains('\r'))
        offences << offence(file, file.text.left(file.text.indexOf('\r')).count('\n') + 1, QStringLiteral("a CR"));
    if (!file.text.isEmpty() && !file.text.endsWith('\n'))
        offences << offence(file, file.text.count('\n') + 1, QStringLiteral("no line end at the end"));
    if (file.path.endsWith(QLatin1String(".h")) && !file.text.contains("\n#pragma once\n"))
        offences << offence(file, 1, QStringLiteral("a header without #pragma once"));
    static const QRegularExpression leftToDo(QStringLiteral("\\b(TO"
                                                            "DO|FIX"
                                                            "ME|X"
                                                            "XX)\\b"));
    const QStringList lines = decoded.split(QLatin1Char('\n'));
    for (qsizetype i = 0; i < lines.size(); ++i)
        if (const auto match = leftToDo.match(lines[i]); match.hasMatch())
            offences << offence(file, i + 1, QStringLiteral("a note of things left to do: %1").arg(match.captured()));
    return offences;
}

} // namespace quoit::house
