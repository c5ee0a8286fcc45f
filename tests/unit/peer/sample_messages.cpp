#include "tests/unit/peer/sample_messages.h"

#include <algorithm>

namespace quoit::testing {

namespace {

ClusterMapPtr makeMap(Epoch epoch)
{
    ClusterMapParts parts;
    parts.epoch = epoch;
    parts.clusterId = "0b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a11";
    parts.partitionCount = 16;
    parts.replicaCount = 2;
    parts.vnodesPerWeight = 2;
    parts.members = {
        {1, "disk-1", "one", "127.0.0.1:7400", "127.0.0.1:17400", "", "a", 1.0, {0, 8}},
        {2, "disk-2", "two", "127.0.0.1:7401", "127.0.0.1:17401", "127.0.0.1:9401", "b", 2.0, {4, 12}},
    };
    parts.ended = {{2, EndedChange::Outcome::Aborted, 2, 1'700'000'000'000, 5, "leave two"}};
    return ClusterMap::make(std::move(parts)).value();
}

RecordPtr fixedRecord()
{
    Record record;
    record.key = "user:{42}:name";
    record.value = std::string_view("v\0alue\r\n", 8);
    record.version = {{3, 7, 2}, 300};
    record.base = {{2, 1, 1}, 5};
    record.expiryMs = 1'700'000'000'123;
    return makeRecord(record, std::vector<CarriedOperation>{{{1, 0x1122334455, 9}, "+OK\r\n"}, {{2, 4, 1}, ""}});
}

ReadReply fixedReadReply()
{
    ReadReply reply;
    reply.tag = 1000;
    reply.status = ReplicaStatus::Refused;
    reply.present = true;
    reply.tombstone = true;
    reply.version = {{3, 7, 2}, 300};
    reply.expiryMs = 1'700'000'000'123;
    reply.valueBytes = 8;
    reply.floor = {{1, 1, 1}, 2};
    reply.promised = {3, 8, 1};
    reply.record = fixedRecord();
    return reply;
}

std::vector<std::uint64_t> fixedLeaves()
{
    std::vector<std::uint64_t> leaves;
    for (std::size_t i = 0; i < treeLeafCount; ++i)
        leaves.push_back(i * 0x0101010101010101);
    return leaves;
}

std::string text(Random& random, std::size_t bytesMax)
{
    std::string bytes(random.below(bytesMax + 1), '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random.next());
    return bytes;
}

std::uint64_t number(Random& random)
{
    return random.next() >> random.below(64);
}

Ballot ballot(Random& random)
{
    if (random.chance(0.2))
        return {};
    return {number(random), number(random), static_cast<NodeId>(random.next())};
}

Version version(Random& random)
{
    if (random.chance(0.2))
        return {};
    return {ballot(random), number(random)};
}

OperationId operationId(Random& random)
{
    return {static_cast<NodeId>(random.next()), random.next(), number(random)};
}

RecordPtr record(Random& random)
{
    Record record;
    const std::string key = text(random, 40);
    const std::string value = text(random, 300);
    record.key = key;
    record.value = value;
    record.version = version(random);
    record.base = version(random);
    std::vector<CarriedOperation> operations;
    for (std::uint64_t i = random.below(4); i > 0; --i)
        operations.push_back({operationId(random), text(random, 10)});
    record.expiryMs = random.chance(0.5) ? 0 : static_cast<std::int64_t>(random.next());
    record.tombstone = random.chance(0.3);
    return makeRecord(record, operations);
}

ReplicaStatus status(Random& random)
{
    return static_cast<ReplicaStatus>(random.below(5));
}

PartitionIndex partition(Random& random)
{
    return static_cast<PartitionIndex>(random.below(16384));
}

std::vector<PartitionBallot> partitionBallots(Random& random)
{
    std::vector<PartitionBallot> ballots;
    for (std::uint64_t i = random.below(6); i > 0; --i)
        ballots.push_back({partition(random), ballot(random)});
    return ballots;
}

ReadReply readReply(Random& random)
{
    ReadReply reply;
    reply.tag = number(random);
    reply.status = status(random);
    reply.present = random.chance(0.5);
    reply.tombstone = random.chance(0.5);
    reply.version = version(random);
    reply.expiryMs = random.chance(0.5) ? 0 : static_cast<std::int64_t>(random.next());
    reply.valueBytes = random.chance(0.5) ? 0 : number(random);
    reply.floor = version(random);
    reply.promised = ballot(random);
    if (random.chance(0.5))
        reply.record = record(random);
    return reply;
}

void fill(Random& random, PromiseRequest& body)
{
    body = {number(random), partitionBallots(random)};
}
void fill(Random& random, PromiseReply& body)
{
    body = {number(random), partitionBallots(random)};
}
void fill(Random& random, WriteRequest& body)
{
    body = {number(random), partition(random), record(random)};
}
void fill(Random& random, WriteReply& body)
{
    body = {number(random), status(random), {}};
    if (body.status == ReplicaStatus::Refused)
        body.promised = ballot(random);
}
void fill(Random& random, ReadRequest& body)
{
    body = {number(random), partition(random), text(random, 50), ballot(random), random.chance(0.5), random.chance(0.5)};
}
void fill(Random& random, ReadReply& body)
{
    body = readReply(random);
}
void fill(Random& random, RecallRequest& body)
{
    body = {number(random), partition(random), ballot(random), text(random, 50), operationId(random), version(random)};
}
void fill(Random& random, RecallReply& body)
{
    body.read = readReply(random);
    for (std::uint64_t i = random.below(4); i > 0; --i)
        body.remembered.push_back({version(random), text(random, 20)});
    body.sure = random.chance(0.5);
    for (std::uint64_t i = random.below(3); i > 0; --i)
        body.ancestry.push_back({ballot(random), version(random)});
}
void fill(Random& random, LearnRequest& body)
{
    body = {number(random), partition(random), record(random)};
}
void fill(Random& random, LearnReply& body)
{
    body = {number(random), status(random)};
}
void fill(Random& random, OperationRequest& body)
{
    body = {operationId(random), static_cast<std::uint32_t>(random.next()),
            partition(random),   text(random, 50),
            text(random, 100),   ballot(random),
            version(random),     random.chance(0.5),
            random.chance(0.5),  random.chance(0.5)};
}
void fill(Random& random, OperationReply& body)
{
    body = {operationId(random),
            static_cast<std::uint32_t>(random.next()),
            static_cast<OperationOutcome>(random.below(10)),
            text(random, 50),
            random.chance(0.5) ? record(random) : nullptr,
            ballot(random),
            version(random)};
}
void fill(Random& random, HomeOffer& body)
{
    for (std::uint64_t i = random.below(10); i > 0; --i)
        body.partitions.push_back(partition(random));
    std::sort(body.partitions.begin(), body.partitions.end());
    body.partitions.erase(std::unique(body.partitions.begin(), body.partitions.end()), body.partitions.end());
}
void fill(Random& random, Heartbeat& body)
{
    body = {number(random), static_cast<DiskSpace>(random.below(3)), number(random), number(random), number(random), number(random), text(random, 100),
            {static_cast<Strain>(random.below(3)), static_cast<std::uint8_t>(random.below(101))}};
}
void fill(Random& random, Farewell& body)
{
    body = {text(random, 100)};
}
void fill(Random& random, ScanRequest& body)
{
    body = {number(random), partition(random), random.next(), static_cast<std::uint32_t>(random.next()), random.chance(0.5), random.next()};
}
void fill(Random& random, ScanReply& body)
{
    body = {number(random), status(random), {}, random.next(), version(random), {}};
    for (std::uint64_t i = random.below(5); i > 0; --i)
        body.records.push_back({random.next(), text(random, 30), version(random), random.chance(0.3),
                                random.chance(0.5) ? 0 : static_cast<std::int64_t>(random.next()), number(random)});
    for (std::uint64_t i = random.below(3); i > 0; --i)
        body.whole.push_back(record(random));
}
void fill(Random& random, CountRequest& body)
{
    body = {number(random)};
}
void fill(Random& random, CountReply& body)
{
    body.tag = number(random);
    for (std::uint64_t i = random.below(10); i > 0; --i)
        body.counts.push_back({partition(random), number(random), version(random)});
}
void fill(Random& random, MapPush& body)
{
    body.map = makeMap(1 + random.below(1000));
    body.root = static_cast<NodeId>(random.below(1000));
}
void fill(Random&, MapRequest&) {}
void fill(Random& random, MapPrepareRequest& body)
{
    body = {number(random), number(random), ballot(random)};
}
void fill(Random& random, MapPrepareReply& body)
{
    body = {number(random), status(random), ballot(random), ballot(random), random.chance(0.5) ? makeMap(1 + random.below(9)) : nullptr};
}
void fill(Random& random, MapAcceptRequest& body)
{
    body = {number(random), ballot(random), makeMap(1 + random.below(9))};
}
void fill(Random& random, MapAcceptReply& body)
{
    body = {number(random), status(random), ballot(random)};
}
void fill(Random& random, ChangeReportRequest& body)
{
    body = {number(random), random.chance(0.5)};
}
void fill(Random& random, ChangeReportReply& body)
{
    body.tag = number(random);
    for (PartitionIndex p = 0; p < 40; ++p) {
        if (random.chance(0.3))
            body.copied.push_back(p * 7);
        if (random.chance(0.3))
            body.settled.push_back(p * 409);
    }
    body.clientsGone = random.chance(0.5);
}
void fill(Random& random, TreeRequest& body)
{
    body = {number(random), partition(random), ballot(random), random.next()};
}
void fill(Random& random, TreeReply& body)
{
    body = {number(random), status(random), {}, random.chance(0.5), version(random), random.next(), {}};
    if (body.status == ReplicaStatus::Refused)
        body.promised = ballot(random);
    for (std::size_t i = random.chance(0.5) ? treeLeafCount : 0; i > 0; --i)
        body.leaves.push_back(random.next());
}
void fill(Random& random, FloorRequest& body)
{
    body = {number(random), partition(random), ballot(random), version(random)};
}
void fill(Random& random, FloorReply& body)
{
    body = {number(random), status(random), {}, random.chance(0.5), version(random), random.next()};
    if (body.status == ReplicaStatus::Refused)
        body.promised = ballot(random);
}
void fill(Random& random, UseRequest& body)
{
    body.tag = number(random);
    for (std::uint64_t i = random.below(10); i > 0; --i)
        body.positions.push_back(random.next());
}
void fill(Random& random, UseReply& body)
{
    body.tag = number(random);
    for (std::uint64_t i = random.below(10); i > 0; --i)
        body.uses.push_back({static_cast<std::uint32_t>(random.next()), static_cast<std::uint8_t>(random.next())});
}
void fill(Random& random, FloorFact& body)
{
    body = {number(random), partition(random), version(random)};
}

bool same(const RecordPtr& a, const RecordPtr& b)
{
    return a && b ? *a == *b : a == b;
}

bool same(const ReadReply& a, const ReadReply& b)
{
    return a.tag == b.tag && a.status == b.status && a.present == b.present && a.tombstone == b.tombstone &&
           a.version == b.version && a.expiryMs == b.expiryMs && a.valueBytes == b.valueBytes && a.floor == b.floor &&
           a.promised == b.promised && same(a.record, b.record);
}
bool same(const WriteRequest& a, const WriteRequest& b)
{
    return a.tag == b.tag && a.partition == b.partition && same(a.record, b.record);
}
bool same(const LearnRequest& a, const LearnRequest& b)
{
    return a.tag == b.tag && a.partition == b.partition && same(a.record, b.record);
}
bool same(const RecallReply& a, const RecallReply& b)
{
    return same(a.read, b.read) && a.remembered == b.remembered && a.sure == b.sure && a.ancestry == b.ancestry;
}
bool same(const OperationReply& a, const OperationReply& b)
{
    return a.id == b.id && a.attempt == b.attempt && a.outcome == b.outcome && a.result == b.result &&
           same(a.record, b.record) && a.ballot == b.ballot && a.latest == b.latest;
}
bool same(const ScanReply& a, const ScanReply& b)
{
    const auto sameSummary = [](const RecordSummary& x, const RecordSummary& y) {
        return x.position == y.position && x.key == y.key && x.version == y.version && x.tombstone == y.tombstone &&
               x.expiryMs == y.expiryMs && x.valueBytes == y.valueBytes;
    };
    const auto sameRecord = [](const RecordPtr& x, const RecordPtr& y) { return same(x, y); };
    return a.tag == b.tag && a.status == b.status && a.coveredTo == b.coveredTo && a.floor == b.floor &&
           std::equal(a.whole.begin(), a.whole.end(), b.whole.begin(), b.whole.end(), sameRecord) &&
           std::equal(a.records.begin(), a.records.end(), b.records.begin(), b.records.end(), sameSummary);
}
bool same(const ClusterMapPtr& a, const ClusterMapPtr& b)
{
    return a && b ? a->parts() == b->parts() : a == b;
}
bool same(const MapPush& a, const MapPush& b)
{
    return same(a.map, b.map);
}
bool same(const MapPrepareReply& a, const MapPrepareReply& b)
{
    return a.tag == b.tag && a.status == b.status && a.promised == b.promised && a.accepted == b.accepted && same(a.map, b.map);
}
bool same(const MapAcceptRequest& a, const MapAcceptRequest& b)
{
    return a.tag == b.tag && a.ballot == b.ballot && same(a.map, b.map);
}
template <typename Body>
bool same(const Body& a, const Body& b)
{
    return a == b;
}

template <std::size_t Index>
bool fillIf(Random& random, std::size_t typeIndex, MessageBody& body)
{
    if (Index != typeIndex)
        return false;
    fill(random, body.emplace<Index>());
    return true;
}

template <std::size_t... Indexes>
void fillAt(Random& random, std::size_t typeIndex, MessageBody& body, std::index_sequence<Indexes...>)
{
    (void)(fillIf<Indexes>(random, typeIndex, body) || ...);
}

} // namespace

std::vector<NamedMessage> fixedMessages()
{
    const Ballot ballot{3, 7, 2};
    const Version version{ballot, 300};
    const OperationId operation{1, 0x1122334455, 9};
    const Epoch epoch = 3;
    return {
        {"promise_request", {epoch, PromiseRequest{77, {{0, ballot}, {1023, {3, 1, 300}}}}}},
        {"promise_reply", {epoch, PromiseReply{77, {{0, ballot}, {1023, {3, 9, 1}}}}}},
        {"write_request", {epoch, WriteRequest{78, 511, fixedRecord()}}},
        {"write_reply", {epoch, WriteReply{78, ReplicaStatus::Refused, ballot}}},
        {"read_request", {epoch, ReadRequest{1000, 511, "user:{42}:name", ballot, true, false}}},
        {"read_reply", {epoch, fixedReadReply()}},
        {"recall_request", {epoch, RecallRequest{1001, 511, ballot, "user:{42}:name", operation, version}}},
        {"recall_reply", {epoch, RecallReply{fixedReadReply(), {{version, "+OK\r\n"}}, true, {}}}},
        {"recall_reply_with_ancestry", {epoch, RecallReply{fixedReadReply(), {{version, "+OK\r\n"}}, true, {{{6, 3, 2}, version}}}}},
        {"learn_request", {epoch, LearnRequest{1002, 511, fixedRecord()}}},
        {"learn_reply", {epoch, LearnReply{1002, ReplicaStatus::StorageFull}}},
        {"operation_request",
         {epoch, OperationRequest{operation, 2, 511, "k", "SET v", ballot, version, true, true, true}}},
        {"operation_reply",
         {epoch, OperationReply{operation, 2, OperationOutcome::NotBound, ":1\r\n", fixedRecord(), ballot, version}}},
        {"home_offer", {epoch, HomeOffer{{1, 2, 16383}}}},
        {"heartbeat", {epoch, Heartbeat{123456, DiskSpace::None, 98765, 4, 400000000, 500000000, "figures", {Strain::Recovering, 73}}}},
        {"scan_request", {epoch, ScanRequest{1003, 16, 0xfedcba9876543210, 100, true, 0xfeffffffffffffff}}},
        {"scan_reply",
         {epoch, ScanReply{1003,
                           ReplicaStatus::Ok,
                           {{0xfedcba9876543211, "k", version, true, 1'700'000'000'123, 8}},
                           0xfeffffffffffffff,
                           version,
                           {fixedRecord()}}}},
        {"count_request", {epoch, CountRequest{1004}}},
        {"count_reply", {epoch, CountReply{1004, {{16, 1000000, version}}}}},
        {"map_push", {epoch, MapPush{makeMap(3), 2}}},
        {"map_request", {epoch, MapRequest{}}},
        {"farewell", {epoch, Farewell{"node 2 runs on older data"}}},
        {"map_prepare_request", {epoch, MapPrepareRequest{1005, 5, {5, 1, 2}}}},
        {"map_prepare_reply", {epoch, MapPrepareReply{1005, ReplicaStatus::Ok, {5, 1, 2}, {5, 0, 1}, makeMap(3)}}},
        {"map_accept_request", {epoch, MapAcceptRequest{1005, {5, 1, 2}, makeMap(3)}}},
        {"map_accept_reply", {epoch, MapAcceptReply{1005, ReplicaStatus::Refused, {5, 2, 3}}}},
        {"change_report_request", {epoch, ChangeReportRequest{1006, true}}},
        {"change_report_reply", {epoch, ChangeReportReply{1006, {0, 1, 1023}, {5}, true}}},
        {"tree_request", {epoch, TreeRequest{1007, 511, ballot, 0x0123456789abcdef}}},
        {"tree_reply",
         {epoch, TreeReply{1007, ReplicaStatus::Refused, {3, 8, 1}, true, version, 0x0123456789abcdef, fixedLeaves()}}},
        {"floor_request", {epoch, FloorRequest{1008, 511, ballot, version}}},
        {"floor_reply",
         {epoch, FloorReply{1008, ReplicaStatus::Ok, {}, true, {{2, 1, 1}, 5}, 0xfedcba9876543210}}},
        {"floor_fact", {epoch, FloorFact{1009, 511, version}}},
        {"use_request", {epoch, UseRequest{1010, {0x0123456789abcdef, 5}}}},
        {"use_reply", {epoch, UseReply{1010, {{60000, 7}, {0, 0}}}}},
    };
}

Message randomMessage(Random& random, std::size_t typeIndex)
{
    Message message;
    message.epoch = number(random);
    fillAt(random, typeIndex, message.body, std::make_index_sequence<std::variant_size_v<MessageBody>>());
    return message;
}

bool same(const Message& a, const Message& b)
{
    if (a.epoch != b.epoch || a.body.index() != b.body.index())
        return false;
    return std::visit([&b](const auto& body) { return same(body, std::get<std::decay_t<decltype(body)>>(b.body)); },
                      a.body);
}

} // namespace quoit::testing
