#include "console/desktop/alert_model.h"

#include "console/desktop/alert_text.h"

#include <algorithm>
#include <tuple>

namespace quoit {

std::vector<Alert> inOrderOfUrgency(std::vector<Alert> alerts)
{
    const auto key = [](const Alert& alert) {
        return std::tuple(alert.snoozedUntilMs > 0, -int(alert.level()), -alert.beganMs, alert.number);
    };
    std::ranges::sort(alerts, {}, key);
    return alerts;
}

AlertModel::AlertModel(const ThemeManager& themes, QObject* parent)
    : HeldListModel(parent)
    , m_themes(themes)
{}

void AlertModel::show(const std::vector<Alert>& wanted, const std::vector<Alert>& others, qint64 nowMs)
{
    m_nowMs = nowMs;
    showRows(wanted, [&others](Alert& row) {
        if (const auto other = std::ranges::find(others, row.number, &Alert::number); other != others.end())
            row = *other;
    });
}

QVariant AlertModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Alert& alert = m_rows[std::size_t(index.row())];
    switch (role) {
    case TitleRole:
        return alertText(alert);
    case StateRole:
        return alertStateText(alert);
    case TimeRole:
        return alertTimeText(alert, m_nowMs);
    case BoundRole:
        return alertBoundText(alert);
    case MarkRole:
        return int(markOf(alert));
    case NumberRole:
        return alert.number;
    case IsQuietRole:
        return !alert.isActive() || alert.acknowledgedMs > 0 || alert.snoozedUntilMs > 0;
    case Qt::DecorationRole:
        return stateIcon(markOf(alert), m_themes.theme(), 14);
    case Qt::DisplayRole:
        return alertText(alert);
    case Qt::AccessibleTextRole: {
        QStringList parts{alertText(alert), alertStateText(alert), alertBoundText(alert), alertTimeText(alert, m_nowMs)};
        parts.removeAll(QString());
        return parts.join(QStringLiteral("; "));
    }
    default:
        return {};
    }
}

} // namespace quoit
