// console/desktop/alert_model.h - alerts as a list whose rows stay where they are while somebody points at them.
#pragma once

#include "console/cluster/alert_watch.h"
#include "console/desktop/held_list_model.h"
#include "console/desktop/theme.h"

#include <vector>

namespace quoit {

class AlertModel : public HeldListModel<Alert, &Alert::number>
{
    Q_OBJECT

public:
    enum Role { NumberRole = Qt::UserRole + 1, TitleRole, StateRole, TimeRole, BoundRole, MarkRole, IsQuietRole };

    /// @param themes must outlive the model
    explicit AlertModel(const ThemeManager& themes, QObject* parent = nullptr);

    /// What to list, in this order. While the list is held, rows stay in their places: new ones come at the end, and those that are
    /// no longer wanted are shown as they are now.
    /// @param others where to look for those that are no longer wanted
    void show(const std::vector<Alert>& wanted, const std::vector<Alert>& others, qint64 nowMs);
    QVariant data(const QModelIndex& index, int role) const override;

private:
    const ThemeManager& m_themes;
    qint64 m_nowMs = 0;
};

/// Active ones: those that aren't snoozed first, critical before warning, the latest first.
std::vector<Alert> inOrderOfUrgency(std::vector<Alert> alerts);

} // namespace quoit
