#include "tests/unit/commands/key_machine.h"

#include "shared/resp/writer.h"

#include <charconv>

namespace quoit::testing {

namespace {

std::string errorReply(std::string_view text)
{
    std::string reply;
    RespWriter(reply, 2).error(text);
    return reply;
}

std::string combine(Combine how, const std::vector<std::string>& replies)
{
    if (how == Combine::Single)
        return replies.front();
    std::string out;
    RespWriter writer(out, 2);
    std::int64_t sum = 0;
    if (how == Combine::Array)
        writer.arrayHeader(replies.size());
    for (const std::string& reply : replies) {
        if (reply.front() == '-')
            return reply;
        std::int64_t value = 0;
        if (how == Combine::SumIntegers)
            std::from_chars(reply.data() + 1, reply.data() + reply.size(), value);
        sum += value;
        if (how == Combine::Array)
            writer.raw(reply);
    }
    if (how == Combine::SumIntegers)
        writer.integer(sum);
    else if (how == Combine::AllOk)
        writer.simpleString("OK");
    return out;
}

} // namespace

std::string KeyMachine::run(const std::vector<std::string>& arguments)
{
    const std::vector<std::string_view> views(arguments.begin(), arguments.end());
    const CommandSpec* spec = findCommand(views.front());
    if (!spec)
        return errorReply(unknownCommandError(views));
    if (!arityFits(*spec, views.size()))
        return errorReply(arityError(*spec));
    if (spec->kind == CommandKind::Server)
        return errorReply("ERR not a command on keys");
    std::vector<KeyOperation> operations;
    const std::string error = parseCommand(*spec, views, {}, operations);
    if (!error.empty())
        return errorReply(error);
    std::vector<std::string> replies;
    for (const KeyOperation& operation : operations)
        replies.push_back(runOne(*spec, operation));
    return combine(spec->combine, replies);
}

std::string KeyMachine::runOne(const CommandSpec& spec, const KeyOperation& operation)
{
    auto found = m_keys.find(operation.key);
    if (found != m_keys.end() && found->second.expiryMs != 0 && found->second.expiryMs <= m_nowMs) {
        m_keys.erase(found);
        found = m_keys.end();
    }
    KeyState before;
    if (found != m_keys.end())
        before = {true, found->second.value, found->second.expiryMs, found->second.version};
    Applied applied = m_logic.apply(operation.operation, before, m_nowMs);
    if (applied.change == Applied::Change::Delete) {
        if (found != m_keys.end())
            m_keys.erase(found);
    } else if (applied.change != Applied::Change::None) {
        Entry& entry = m_keys[std::string(operation.key)];
        if (applied.change == Applied::Change::Put)
            entry.value = std::move(applied.value);
        entry.expiryMs = applied.expiryMs;
        entry.version = {{1, 2, 3}, ++m_sequence};
    }
    return std::string(toProtocol(applied.reply, 2, spec.nullIsArray));
}

} // namespace quoit::testing
