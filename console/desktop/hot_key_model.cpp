#include "console/desktop/hot_key_model.h"

#include "console/desktop/number_text.h"
#include "shared/ring/position.h"

namespace quoit {

namespace {

/// In one line, whatever it is made of.
QString nameOf(const std::string& key)
{
    QString name = QString::fromUtf8(key.data(), qsizetype(key.size()));
    for (QChar& each : name)
        if (!each.isPrint())
            each = QChar::ReplacementCharacter;
    return name.isEmpty() ? QStringLiteral("(empty)") : name;
}

HotKeyRow rowOf(const HotKeyReport& key, const HotKeysReport& report, const ClusterSnapshot& snapshot)
{
    HotKeyRow row;
    row.key = key.key;
    row.readsPerSecond = double(key.readsPerSecond);
    row.writesPerSecond = double(key.writesPerSecond);
    if (const double all = double(report.readsPerSecond + report.writesPerSecond); all > 0)
        row.share = std::min(1.0, double(key.readsPerSecond + key.writesPerSecond) / all);
    if (snapshot.map && key.key.size() < HotKeyModel::keyBytesTold) {
        row.partition = snapshot.map->partitionOf(positionOf(key.key));
        if (const NodeReport* owner = snapshot.node(snapshot.map->owner(*row.partition)))
            row.owner = QString::fromStdString(owner->name);
    }
    return row;
}

} // namespace

void HotKeyModel::show(const ClusterSnapshot& snapshot)
{
    std::vector<HotKeyRow> wanted;
    if (snapshot.hotKeys)
        for (const HotKeyReport& key : snapshot.hotKeys->keys)
            wanted.push_back(quoit::rowOf(key, *snapshot.hotKeys, snapshot));
    showRows(std::move(wanted), [](HotKeyRow& row) {
        row.readsPerSecond.reset();
        row.writesPerSecond.reset();
        row.share.reset();
    });
}

QVariant HotKeyModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const HotKeyRow& row = m_rows[std::size_t(index.row())];
    const QString rates = tr("%1 reads, %2 writes")
                              .arg(numberText(row.readsPerSecond, Unit::PerSecond),
                                   numberText(row.writesPerSecond, Unit::PerSecond));
    const QString place = row.partition ? tr("partition %1").arg(*row.partition) : QString();
    switch (role) {
    case Qt::DisplayRole:
    case NameRole:
        return nameOf(row.key);
    case RatesRole:
        return rates;
    case PlaceRole:
        return place;
    case ShareRole:
        return row.share.value_or(0);
    case ShareTextRole:
        return numberText(row.share, Unit::Ratio);
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole: {
        QStringList parts{nameOf(row.key), tr("%1 of all requests").arg(numberText(row.share, Unit::Ratio)), rates, place,
                          row.owner};
        parts.removeAll(QString());
        return parts.join(QStringLiteral("; "));
    }
    default:
        return {};
    }
}

} // namespace quoit
