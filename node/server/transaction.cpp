#include "node/server/transaction.h"

#include "node/commands/sequence.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr std::string_view otherKey =
    "CROSSSLOT a transaction may have commands on one key only, and nothing of it will be carried out. Send the commands without MULTI "
    "(redis-py: pipeline(transaction=False))";
constexpr std::string_view serverCommandAmongOthers =
    "ERR a transaction may have commands on one key, or one other command alone; nothing of it will be carried out";

} // namespace

std::string Transaction::problemOf(const CommandSpec& spec, std::span<const std::string_view> arguments, std::size_t bytes,
                                   const CommandLimits& limits)
{
    if (m_bytes + bytes > limits.valueBytesMax + sequenceOverheadBytesMax)
        return "ERR a transaction may have " + std::to_string(limits.valueBytesMax + sequenceOverheadBytesMax) +
               " bytes; nothing of it will be carried out";
    if (spec.kind == CommandKind::Server)
        return m_commands.empty() ? std::string() : std::string(serverCommandAmongOthers);
    if (!m_commands.empty() && m_key.empty())
        return std::string(serverCommandAmongOthers);
    const std::vector<std::size_t> keys = keyArguments(spec, arguments);
    if (keys.empty() || arguments[keys.front()].empty())
        return "ERR the empty key is not supported";
    const std::string_view key = m_key.empty() ? arguments[keys.front()] : std::string_view(m_key);
    if (std::any_of(keys.begin(), keys.end(), [&](std::size_t index) { return arguments[index] != key; }))
        return std::string(otherKey);
    m_operations += keys.size();
    if (m_operations > sequenceOperationsMax)
        return "ERR a transaction may have " + std::to_string(sequenceOperationsMax) + " commands; nothing of it will be carried out";
    m_key = key;
    return {};
}

std::string Transaction::queue(const CommandSpec& spec, std::span<const std::string_view> arguments, const CommandLimits& limits)
{
    if (m_spoiled) // what comes is refused with the rest, and needn't be kept
        return {};
    std::size_t bytes = 0;
    for (const std::string_view argument : arguments)
        bytes += argument.size() + sizeof(std::string);
    std::string problem = problemOf(spec, arguments, bytes, limits);
    if (!problem.empty()) {
        spoil();
        return problem;
    }
    m_bytes += bytes;
    m_commands.push_back({&spec, {arguments.begin(), arguments.end()}});
    return {};
}

void Transaction::spoil()
{
    m_spoiled = true;
    m_commands = {};
    m_bytes = 0;
}

std::vector<Transaction::Parsed> Transaction::parse(const CommandLimits& limits, std::vector<std::string>& operations) const
{
    std::vector<Parsed> parsed;
    std::vector<KeyOperation> ofOne;
    for (const Command& command : m_commands) {
        const std::vector<std::string_view> arguments(command.arguments.begin(), command.arguments.end());
        Parsed one{command.spec, 0, parseCommand(*command.spec, arguments, limits, ofOne)};
        one.operationCount = ofOne.size();
        for (KeyOperation& operation : ofOne)
            operations.push_back(std::move(operation.operation));
        parsed.push_back(std::move(one));
    }
    return parsed;
}

bool Transaction::isRead() const
{
    return std::all_of(m_commands.begin(), m_commands.end(), [](const Command& command) { return command.spec->kind == CommandKind::KeyRead; });
}

} // namespace quoit
