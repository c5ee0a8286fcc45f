// node/server/server_commands.h - the commands that aren't about one key's value: connection, server, cluster,
// operators. Split: connection_commands.cpp, client_command.cpp, server_commands.cpp (COMMAND, SCAN and its kin), config_command.cpp, latency_commands.cpp,
// info_report.cpp, metrics.cpp, cluster_commands.cpp, quoit_commands.cpp, change_commands.cpp.
#pragma once

#include "node/commands/command.h"
#include "node/server/long_command.h"
#include "node/server/node_desk.h"
#include "node/server/scan_commands.h"
#include "shared/base/random.h"
#include "shared/resp/writer.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace quoit {

/// One command that a session sent. Handlers either write one reply to reply(), or start a LongCommand.
class CommandCall
{
public:
    CommandCall(NodeDesk& nodeDesk, LongCommandDesk& longDesk, Session& from, const Arguments& list, Random& generator)
        : node(nodeDesk)
        , desk(longDesk)
        , session(from)
        , arguments(list)
        , random(generator)
    {}

    NodeDesk& node;
    LongCommandDesk& desk;
    Session& session;
    const Arguments& arguments; ///< [0] is the name
    Random& random;

    /// Where the reply goes. The protocol is the one of the moment of the first call.
    RespWriter& reply()
    {
        if (!m_reply)
            m_reply.emplace(session.replies().immediate(), session.state().protocol);
        return *m_reply;
    }
    std::string_view argument(std::size_t index) const { return arguments[index]; }
    bool hasReplied() const { return m_reply.has_value(); }

    /// "ERR unknown subcommand 'X'. Try COMMAND HELP."
    void unknownSubcommand();
    /// What HELP answers: a line that every such text begins with, then these.
    void help(std::initializer_list<std::string_view> lines);
    /// "ERR wrong number of arguments for 'name' command"
    void wrongArity();
    /// True, or replies wrongArity().
    bool needs(std::size_t argumentsMin, std::size_t argumentsMax);
    /// True, or replies CLUSTERDOWN because the node waits for its cluster.
    bool needsCluster();
    void start(std::shared_ptr<LongCommand> command) { command->start(); }

private:
    std::optional<RespWriter> m_reply;
};

/// The number of arguments fits the command table. @return false if it is none of these commands.
bool runConnectionCommand(CommandId id, CommandCall& call);
bool runServerCommand(CommandId id, CommandCall& call);
bool runClusterCommand(CommandId id, CommandCall& call);
bool runQuoitCommand(CommandId id, CommandCall& call);
bool runChangeCommand(CommandId id, CommandCall& call);
void runConfig(CommandCall& call);
void runSlowLog(CommandCall& call);
void runLatency(CommandCall& call);
void runClient(CommandCall& call);

/// Printable and without spaces, as Redis wants the name of a client.
bool isClientName(std::string_view name);
inline constexpr std::string_view badClientName = "ERR Client names cannot contain spaces, newlines or special characters.";

/// The version of Redis whose commands clients may expect: some look at it before they use one. What runs is INFO's
/// quoit_version.
inline constexpr std::string_view redisVersion = "7.0.0";

/// In upper case, as far as it is ASCII.
std::string upperCase(std::string_view text);

/// INFO's text. @param keys of the whole cluster, if they were counted. @param wanted upper case; empty: the default
/// sections
std::string infoText(NodeDesk& node, const std::vector<std::string>& wanted, std::optional<std::uint64_t> keys);
/// True if INFO with these sections needs the count of all keys.
bool infoNeedsKeys(const std::vector<std::string>& wanted);
/// /metrics, in Prometheus' text format.
std::string metricsText(NodeDesk& node);

/// What clients of Redis Cluster know a node by: 40 hex digits.
std::string clusterNodeId(const std::string& clusterId, NodeId node);

} // namespace quoit
