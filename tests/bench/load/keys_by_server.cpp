#include "tests/bench/load/keys_by_server.h"

#include "shared/resp/reply_parser.h"
#include "shared/ring/position.h"
#include "tests/bench/load/connection.h"

#include <array>
#include <sys/socket.h>

namespace quoit::bench {

namespace {

constexpr std::size_t none = SIZE_MAX;

std::string textOf(const Server& server)
{
    return server.host + ":" + std::to_string(server.port);
}

/// @return the reply to CLUSTER SLOTS, or an error that says why there is none
RespValue askForSlots(const Server& server)
{
    Connection connection(1);
    const std::string problem = connection.open(server, "");
    if (!problem.empty())
        return RespValue::error(textOf(server) + ": " + problem);
    connection.out() = "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n";
    connection.waitForAnswers();
    ReplyParser parser;
    std::array<char, 16 * 1024> bytes;
    while (connection.flush()) {
        const ssize_t received = ::recv(connection.socket(), bytes.data(), bytes.size(), 0);
        if (received <= 0)
            break;
        parser.feed({bytes.data(), static_cast<std::size_t>(received)});
        if (const auto reply = parser.next())
            return *reply;
    }
    return RespValue::error(textOf(server) + ": no answer to CLUSTER SLOTS");
}

std::size_t indexOf(const std::vector<Server>& servers, const RespValue& node)
{
    if (node.elements.size() < 2)
        return none;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (servers[i].host == node.elements[0].text && servers[i].port == node.elements[1].integerValue)
            return i;
    }
    return none;
}

} // namespace

KeysByServer keysByServer(const LoadOptions& options)
{
    KeysByServer result;
    result.keys.resize(options.servers.size());
    const RespValue reply = askForSlots(options.servers.front());
    if (reply.isError()) {
        result.problem = reply.text;
        return result;
    }
    std::vector<std::size_t> serverOf(hashSlotCount, none);
    for (const RespValue& range : reply.elements) {
        if (range.elements.size() < 3)
            continue;
        const std::size_t server = indexOf(options.servers, range.elements[2]);
        for (std::int64_t slot = range.elements[0].integerValue; slot <= range.elements[1].integerValue; ++slot)
            serverOf[static_cast<std::size_t>(slot) % hashSlotCount] = server;
    }
    for (std::uint32_t key = 0; key < options.keys; ++key) {
        const std::size_t server = serverOf[hashSlot(keyText(options, key))];
        if (server == none) {
            result.problem = "--route home needs a --server for every node of the cluster";
            return result;
        }
        result.keys[server].push_back(key);
    }
    for (std::size_t i = 0; i < options.servers.size(); ++i) {
        if (result.keys[i].empty())
            result.problem = "no key lies at " + textOf(options.servers[i]) + ": more --keys are needed";
    }
    return result;
}

} // namespace quoit::bench
