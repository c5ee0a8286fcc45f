// node/core/key_work.h - what a home is doing for one key: at most one round at a time, everything else waits behind it.
// Pure data; node/core/home_key.cpp acts on it.
#pragma once

#include "node/core/messages.h"

#include <deque>
#include <string>
#include <vector>

namespace quoit {

struct KeyWork
{
    enum class Phase : std::uint8_t {
        Idle,
        Finding,    ///< reads a majority under the ballot, to know what to build on
        Confirming, ///< nothing would change: asks a majority whether this node is still home
        Recalling,  ///< asks a majority what became of a retried operation
        Writing,
    };
    struct Answer
    {
        NodeId from = noNode;
        ReadReply read;
        std::vector<RememberedResult> remembered; ///< Recalling only
        bool sure = false;
        std::vector<BuiltOn> ancestry; ///< Recalling only
    };

    std::string key;
    PartitionIndex partition = 0;
    Ballot ballot;
    Phase phase = Phase::Idle;
    Tag tag = 0;

    std::vector<OperationRequest> waiting; ///< first attempts and reads
    std::deque<OperationRequest> retries;

    std::vector<OperationRequest> batch; ///< being carried out
    std::vector<std::string> results;    ///< [batch]
    std::vector<bool> traced;            ///< [batch] the record carries it
    bool isRetry = false;                ///< the batch is one retried operation: whatever comes of it is written down
    bool recalledAsDone = false;         ///< … which was carried out before; results has its result

    std::vector<Answer> answers;
    std::vector<NodeId> refused; ///< or not asked: no answer comes from them
    bool isOverdue = false; ///< whoever hasn't answered is not waited for

    RecordPtr base; ///< null: absent
    RecordPtr readRecord; ///< what reads of the batch are answered with; null: absent, deleted or expired
    Version baseFloor;
    bool baseChosen = false;
    bool confirmed = false; ///< a majority answered under the ballot after the batch was formed
};

} // namespace quoit
