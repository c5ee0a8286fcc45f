// Commands on several keys: each key is an operation by itself, and their replies become one. Those on very many keys are taken
// apart a slice at a time: done at once, a hundred thousand keys would keep everybody else waiting.
#include "node/server/command_center.h"

#include "node/server/key_gather.h"
#include "node/server/node_desk.h"

#include <algorithm>
#include <span>

namespace quoit {

namespace {

// A connection's commands on several keys begin one after the other beyond that: a pipeline of them doesn't take all the room
// for operations, and how large values are is known only when they come.
constexpr std::size_t gatheredKeysMax = 128;
// A command that has gathered less isn't refused for the sake of others.
constexpr std::size_t gatheredBytesKept = 1024 * 1024;
// A command on more keys has its connection for itself instead of registering each of them, and is looked at in slices of so many.
constexpr std::size_t sliceKeysMax = 64;

std::size_t sliceArguments(const CommandSpec& spec)
{
    return sliceKeysMax * static_cast<std::size_t>(spec.keyStep);
}

} // namespace

bool CommandCenter::isOnVeryManyKeys(const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    return spec.lastKey < 0 && arguments.size() - 1 > sliceArguments(spec);
}

bool CommandCenter::isFree(Session& session)
{
    return session.keys().empty() && session.chains().empty();
}

std::string CommandCenter::checkInSlices(const CommandSpec& spec, const std::vector<std::string_view>& arguments, std::uint64_t& bytes)
{
    std::vector<std::string_view> slice;
    std::string error;
    for (std::size_t first = 1; first < arguments.size() && error.empty(); first += sliceArguments(spec)) {
        const auto rest = std::span(arguments).subspan(first);
        const auto part = rest.first(std::min(rest.size(), sliceArguments(spec)));
        slice.assign(1, arguments[0]);
        slice.insert(slice.end(), part.begin(), part.end());
        error = parseCommand(spec, slice, m_limits, m_operations);
        for (const KeyOperation& operation : m_operations)
            bytes += operation.key.size() + operation.operation.size();
    }
    m_operations.clear();
    return error;
}

std::shared_ptr<KeyGather> CommandCenter::gatherFor(Session& session, const CommandSpec& spec, std::size_t partCount, std::uint64_t bytes)
{
    m_node.meter().command();
    auto gather = std::make_shared<KeyGather>();
    gather->session = &session;
    gather->ticket = session.openTicket();
    gather->spec = &spec;
    gather->combine = spec.combine;
    gather->isWrite = spec.kind == CommandKind::KeyWrite;
    gather->level = levelOf(session.state(), gather->isWrite);
    gather->bytes = bytes;
    m_bytesInFlight += bytes;
    gather->protocol = session.state().protocol;
    gather->since = m_node.now().monotonic;
    gather->partCount = partCount;
    session.changeKeysGathered(0, partCount);
    return gather;
}

bool CommandCenter::runOnManyKeys(Session& session, const CommandSpec& spec, std::uint64_t bytes)
{
    const bool isWrite = spec.kind == CommandKind::KeyWrite;
    const auto mustWait = [&](const KeyOperation& operation) {
        const std::uint64_t hash = hashOf(operation.key);
        return session.keys().conflicts(hash, isWrite) || session.chains().contains(hash);
    };
    if (std::any_of(m_operations.begin(), m_operations.end(), mustWait) ||
        (session.keysGathered() > 0 && session.keysGathered() + m_operations.size() > gatheredKeysMax))
        return false;
    const auto gather = gatherFor(session, spec, m_operations.size(), bytes);
    takeSlice(*gather);
    for (const KeyGather::Part& part : gather->slice)
        session.keys().add(part.keyHash, isWrite);
    advance(gather, m_node.now());
    return true;
}

bool CommandCenter::beginOnVeryManyKeys(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments,
                                        std::uint64_t bytes)
{
    const auto gather = gatherFor(session, spec, (arguments.size() - 1) / static_cast<std::size_t>(spec.keyStep), bytes);
    gather->isExclusive = true;
    gather->arguments = PackedArguments(arguments);
    session.keys().setExclusive(true);
    advance(gather, m_node.now());
    return true;
}

void CommandCenter::takeSlice(KeyGather& gather)
{
    if (gather.isExclusive) {
        const std::size_t first = 1 + gather.next * static_cast<std::size_t>(gather.spec->keyStep);
        std::vector<std::string_view> slice{gather.arguments.at(0)};
        for (std::size_t i = first; i < std::min(gather.arguments.count(), first + sliceArguments(*gather.spec)); ++i)
            slice.push_back(gather.arguments.at(i));
        const std::string error = parseCommand(*gather.spec, slice, m_limits, m_operations);
        QUOIT_ENSURE(error.empty()); // checkInSlices() has seen it
    }
    gather.slice.clear();
    gather.sliceFirst = gather.next;
    for (KeyOperation& operation : m_operations) {
        const std::uint64_t keyHash = hashOf(operation.key);
        m_node.hotKeys().note(operation.key, keyHash, gather.isWrite);
        gather.slice.push_back({std::string(operation.key), std::move(operation.operation), keyHash});
    }
    if (gather.next == 0)
        gather.firstKey = gather.slice.front().key.substr(0, SlowLog::keyBytesMax);
}

void CommandCenter::advance(const std::shared_ptr<KeyGather>& gather, Now now)
{
    // Nobody waits for the rest of a reading command whose client is gone; a writing one is carried through.
    if (gather->session->isClosed() && !gather->isWrite)
        gather->skipRest();
    SessionMemory& memory = m_node.sessions().memory();
    while (gather->next < gather->partCount && gather->hasRoomForPart()) {
        if (!gather->isWrite && gather->inFlight() > 0 && memory.isTurnFull(false))
            break; // onPart() goes on
        if (!gather->hasSlice())
            takeSlice(*gather);
        KeyGather::Part& part = gather->slice[gather->next - gather->sliceFirst];
        if (gather->isWrite && gather->isUnderWay(part.keyHash))
            break; // the same key twice: in the order of the arguments, so one after the other; onPart() goes on
        RequestId id = 0;
        PendingRequest& request = m_requests.add(id);
        request.kind = PendingRequest::Kind::Part;
        request.isWrite = gather->isWrite;
        request.spec = gather->spec;
        request.level = gather->level;
        request.protocol = static_cast<std::uint8_t>(gather->protocol);
        request.part = static_cast<std::uint32_t>(gather->next);
        request.keyHash = part.keyHash;
        request.gather = gather;
        gather->began(part.keyHash);
        if (gather->isWrite) {
            m_gate.submitWrite(now, id, std::move(part.key), std::move(part.operation), request.level);
        } else {
            request.operation = std::move(part.operation);
            m_gate.submitRead(now, id, std::move(part.key), request.level);
        }
    }
}

void CommandCenter::onPart(PendingRequest request, Completion completion, Now now)
{
    const std::shared_ptr<KeyGather> gather = std::move(request.gather);
    std::string reply;
    appendReply(reply, request, completion, now);
    Session& session = *gather->session;
    const std::size_t heldBefore = gather->heldBytes();
    gather->add(request.part, std::move(reply));
    if (gather->heldBytes() > gatheredBytesKept && m_node.sessions().memory().areRepliesFarTooMuch()) {
        gather->fail("-BUSY this node holds as many replies as it may; ask for fewer keys at once, or again later\r\n");
        gather->status = CompletionStatus::Busy;
        gather->skipRest();
    }
    session.changeGathered(heldBefore, gather->heldBytes());
    if (gather->status == CompletionStatus::Done)
        gather->status = completion.status;
    gather->ended(request.keyHash);
    advance(gather, now);
    if (!gather->isComplete())
        return;
    m_bytesInFlight -= gather->bytes;
    m_node.meter().answered(*gather->spec, gather->level, now.monotonic - gather->since, gather->status);
    noteIfSlow(session, gather->spec->name, gather->firstKey, gather->since, now);
    if (gather->isExclusive) {
        session.keys().setExclusive(false);
    } else {
        for (const KeyGather::Part& part : gather->slice)
            session.keys().remove(part.keyHash, gather->isWrite);
        for (const KeyGather::Part& part : gather->slice)
            startChained(session, part.keyHash);
    }
    if (!session.isClosed())
        gather->appendReply(session.replies().replyOf(gather->ticket));
    session.changeGathered(gather->heldBytes(), 0);
    session.changeKeysGathered(gather->partCount, 0);
    session.replies().complete(gather->ticket);
    session.onReplied();
}

} // namespace quoit
