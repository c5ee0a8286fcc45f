#include "node/server/long_command.h"

namespace quoit {

LongCommand::LongCommand(LongCommandDesk& desk, Session& session)
    : m_desk(desk)
    , m_session(session)
    , m_protocol(session.state().protocol)
    , m_ticket(session.openTicket())
    , m_name(session.state().lastCommand)
    , m_since(desk.timeOfDesk())
{}

bool LongCommand::failed(CompletionStatus status)
{
    if (status == CompletionStatus::Done)
        return false;
    answer([status](RespWriter& reply) { reply.error(errorTextOf(status)); });
    return true;
}

std::string_view errorTextOf(CompletionStatus status)
{
    switch (status) {
    case CompletionStatus::Done:
        break;
    case CompletionStatus::Unknown:
        return "UNKNOWN the write may or may not have been carried out; read the key to see";
    case CompletionStatus::NoQuorum:
        return "NOQUORUM too few replicas of the key answered in time; nothing was changed, try again";
    case CompletionStatus::Busy:
        return "BUSY too many operations wait; nothing was changed, try again later";
    case CompletionStatus::StorageFull:
        return "MISCONF the disks of this key's replicas are full; nothing was changed, reads go on. Delete keys or make space on the disks";
    case CompletionStatus::NoRoom:
        return "OOM command not allowed when used memory > 'maxmemory': a replica of this key holds all that it may; nothing was changed, "
               "reads and deletes go on. Delete keys, or raise maxmemory or choose another maxmemory-policy with CONFIG SET on its nodes";
    case CompletionStatus::NotEverywhere:
        return "NOTALL written on a majority of replicas, but not on all of them as level all asks";
    }
    return "ERR";
}

std::string_view errorCodeOf(CompletionStatus status)
{
    const std::string_view text = errorTextOf(status);
    return text.substr(0, text.find(' '));
}

} // namespace quoit
