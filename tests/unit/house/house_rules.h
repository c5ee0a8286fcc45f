// tests/unit/house/house_rules.h - the rules of the house that a machine can check: which room may include which, how
// long a file may grow, how text is written. Pure functions on a path and a text; the table of rooms is
// ARCHITECTURE.md's, as code.
#pragma once

#include <QString>
#include <QStringList>

namespace quoit::house {

/// A source file: its path from the top of the checkout, with '/', and what is in it.
struct SourceFile
{
    QString path;
    QByteArray text;
};

/// "shared/ring" of "shared/ring/position.h"; empty outside of shared, node and console.
QString roomOf(const QString& path);

/// True for rooms that the table of arrows knows.
bool isKnownRoom(const QString& room);

/// Everything below: one line per offence, "path:line: what is wrong"; empty when the file keeps the rules.

/// Includes of rooms that don't lie below this one; includes in quotes that don't begin at the top of the checkout.
QStringList directionOffences(const SourceFile& file);

/// Sockets outside of server, client and app; files outside of store, app and console; Qt, threads, clocks and chance
/// in rooms that are to be pure.
QStringList reachOffences(const SourceFile& file);

/// Headers past 250 lines, sources past 600, functions past 70.
QStringList lengthOffences(const SourceFile& file);

/// Not UTF-8, a byte order mark, CR, no line end at the end, a header without #pragma once, a note of things left to
/// do.
QStringList textOffences(const SourceFile& file);

} // namespace quoit::house
