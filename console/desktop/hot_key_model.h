// console/desktop/hot_key_model.h - the keys that clients ask for most, as a list; rows stay while somebody points at them.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/desktop/held_list_model.h"

#include <optional>
#include <string>

namespace quoit {

struct HotKeyRow
{
    std::string key;
    std::optional<double> readsPerSecond; ///< nothing: it isn't among the hottest any more
    std::optional<double> writesPerSecond;
    std::optional<double> share;            ///< of all requests, 0 … 1
    std::optional<PartitionIndex> partition; ///< nothing: the ring isn't known, or the key is told in part
    QString owner;                          ///< the first of its replicas
};

class HotKeyModel : public HeldListModel<HotKeyRow, &HotKeyRow::key>
{
    Q_OBJECT

public:
    enum Role { NameRole = Qt::UserRole + 1, RatesRole, PlaceRole, ShareTextRole, ShareRole };
    static constexpr std::size_t keyBytesTold = 256; ///< of longer keys, nodes tell the beginning

    using HeldListModel::HeldListModel;

    void show(const ClusterSnapshot& snapshot);
    QVariant data(const QModelIndex& index, int role) const override;
};

} // namespace quoit
