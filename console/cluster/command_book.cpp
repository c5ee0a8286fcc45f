#include "console/cluster/command_book.h"

#include <QCoreApplication>

#include <algorithm>
#include <cstdlib>

namespace quoit {

namespace {

QString text(const char* source)
{
    return QCoreApplication::translate("CommandBook", source);
}

bool hasFlag(const RespValue& flags, std::string_view name)
{
    return std::ranges::any_of(flags.elements, [name](const RespValue& flag) { return flag.asText() == name; });
}

QString argumentsText(int arity)
{
    const int count = std::abs(arity) - 1; // without the name
    if (arity < 0)
        return count == 0 ? QString() : text(count == 1 ? "at least %1 argument" : "at least %1 arguments").arg(count);
    return count == 0 ? text("no arguments") : text(count == 1 ? "%1 argument" : "%1 arguments").arg(count);
}

} // namespace

void CommandBook::readCommands(const RespValue& reply)
{
    m_entries.clear();
    for (const RespValue& each : reply.elements) {
        // name, arity, flags, then what nobody needs here
        if (each.elements.size() < 3)
            continue;
        CommandEntry entry;
        entry.name = QString::fromStdString(each.elements[0].asText()).toUpper();
        entry.arity = int(each.elements[1].asInteger().value_or(-1));
        entry.isWrite = hasFlag(each.elements[2], "write");
        entry.isAdmin = hasFlag(each.elements[2], "admin");
        m_entries.insert_or_assign(entry.name, entry);
    }
}

void CommandBook::readDocs(const RespValue& reply)
{
    for (auto& [name, entry] : m_entries)
        if (const RespValue* docs = reply.find(name.toLower().toStdString()))
            entry.summary = QString::fromStdString(docs->textAt("summary"));
}

const CommandEntry* CommandBook::find(const QString& name) const
{
    const auto found = m_entries.find(name.toUpper());
    return found == m_entries.end() ? nullptr : &found->second;
}

QStringList CommandBook::namesWith(const QString& prefix) const
{
    const QString upper = prefix.toUpper();
    QStringList names;
    for (auto each = m_entries.lower_bound(upper); each != m_entries.end() && each->first.startsWith(upper); ++each)
        names << each->first;
    return names;
}

QString CommandBook::hint(const QString& name) const
{
    const CommandEntry* entry = find(name);
    if (!entry)
        return {};
    QStringList parts;
    for (const QString& part : {entry->summary, argumentsText(entry->arity)})
        if (!part.isEmpty())
            parts << part;
    return parts.join(QStringLiteral(" · "));
}

QString CommandBook::whyNotReadOnly(const std::vector<std::string>& arguments) const
{
    const QString name = QString::fromStdString(arguments.front()).toUpper();
    const CommandEntry* entry = find(name);
    if (!entry)
        return text("%1 isn't known to this cluster, so it may write.").arg(name);
    if (entry->isWrite)
        return text("%1 writes.").arg(name);
    // Of those that operators have, these only tell.
    const QString what = arguments.size() > 1 ? QString::fromStdString(arguments[1]).toUpper() : QString();
    const bool onlyTells = name == QLatin1String("QUOIT.PLAN") ||
                           (name == QLatin1String("CONFIG") && (what == QLatin1String("GET") || what == QLatin1String("HELP")));
    return entry->isAdmin && !onlyTells ? text("%1 changes how the cluster runs.").arg(name) : QString();
}

} // namespace quoit
