// console/cluster/command_book.h - the commands that a cluster knows, as it tells them: completes names, says what a command
// is for, and which ones change something. Pure.
#pragma once

#include "shared/resp/value.h"

#include <QString>
#include <QStringList>

#include <map>
#include <string>
#include <vector>

namespace quoit {

struct CommandEntry
{
    QString name;      ///< "GET"
    int arity = 0;     ///< with the name; negative: at least
    bool isWrite = false;
    bool isAdmin = false;
    QString summary; ///< empty: not told
};

class CommandBook
{
public:
    /// @param reply to COMMAND; replaces what was known. Anything else leaves the book empty.
    void readCommands(const RespValue& reply);
    /// @param reply to COMMAND DOCS; adds the summaries of commands that are known already
    void readDocs(const RespValue& reply);
    void clear() { m_entries.clear(); }
    bool isEmpty() const { return m_entries.empty(); }

    /// In any case of letters. @return nullptr: unknown. Valid until the next read
    const CommandEntry* find(const QString& name) const;
    /// Names that begin like this, in any case of letters; sorted.
    QStringList namesWith(const QString& prefix) const;
    /// "Sets a value · at least 2 arguments"; empty: unknown.
    QString hint(const QString& name) const;

    /// Why a request may not be sent where nothing is to be changed; empty: it may.
    /// What isn't known is refused: it might write.
    /// @param arguments [≥ 1] with the name
    QString whyNotReadOnly(const std::vector<std::string>& arguments) const;

private:
    std::map<QString, CommandEntry> m_entries; ///< by name
};

} // namespace quoit
