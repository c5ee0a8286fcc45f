#include "node/server/key_chains.h"

#include "node/commands/command_logic.h"
#include "node/commands/sequence.h"
#include "node/core/record.h"

#include <algorithm>
#include <iterator>

namespace quoit {

namespace {

constexpr std::size_t togetherBytesMax = 64 * 1024;
constexpr std::size_t arrayHeaderBytes = 8;

bool goesWithOthers(const ChainedCommand& command)
{
    return command.isWrite && !command.alone && shortReplyBytes(command.operation) > 0;
}

} // namespace

std::vector<ChainedCommand> KeyChains::takeNext(std::uint64_t keyHash)
{
    const CommandLogic logic;
    const auto chain = m_chains.find(keyHash);
    std::deque<ChainedCommand>& waiting = chain->second;
    std::vector<ChainedCommand> taken;
    std::size_t bytes = 0;
    std::size_t replyBytes = arrayHeaderBytes;
    bool addsData = false;
    do {
        ChainedCommand& next = waiting.front();
        const bool nextAdds = logic.addsData(next.operation);
        bytes += next.bytes;
        replyBytes += shortReplyBytes(next.operation);
        if (!taken.empty()) {
            const ChainedCommand& first = taken.front();
            // A record keeps short replies only: with a longer one a retry couldn't be told what became of them. Where there is no
            // room, what adds data is refused and what frees some isn't.
            if (!goesWithOthers(next) || next.key != first.key || next.level != first.level || nextAdds != addsData ||
                bytes > togetherBytesMax || replyBytes > carriedResultBytesMax)
                break;
        }
        addsData = nextAdds;
        taken.push_back(std::move(next));
        waiting.pop_front();
    } while (!waiting.empty() && goesWithOthers(taken.front()));
    if (waiting.empty())
        m_chains.erase(chain);
    return taken;
}

void KeyChains::putBack(std::uint64_t keyHash, std::vector<ChainedCommand> commands)
{
    std::deque<ChainedCommand>& waiting = m_chains[keyHash];
    for (ChainedCommand& command : commands)
        command.alone = true;
    waiting.insert(waiting.begin(), std::make_move_iterator(commands.begin()), std::make_move_iterator(commands.end()));
}

} // namespace quoit
