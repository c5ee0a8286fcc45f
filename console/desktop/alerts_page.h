// console/desktop/alerts_page.h - what isn't as it should be, since when, and what to do; what was; and the rules.
#pragma once

#include "console/desktop/alert_details.h"
#include "console/desktop/alert_model.h"
#include "console/desktop/alert_rules_view.h"
#include "console/desktop/page.h"

#include <QListView>
#include <QStackedWidget>

namespace quoit {

class AlertsPage : public Page
{
    Q_OBJECT

public:
    explicit AlertsPage(Workspace& workspace, QWidget* parent = nullptr);

    void arrange(bool isNarrow) override;
    QWidget* firstField() override;
    /// Selects it, in whichever list it is.
    void select(quint64 number);
    /// Those that ended, instead of those that go on.
    void setEndedShown(bool isEndedShown);
    void setRulesShown(bool isShown);
    AlertModel* model() const { return m_model; }
    QListView* list() const { return m_list; }
    AlertDetails* details() const { return m_details; }
    AlertRulesView* rules() const { return m_rules; }
    bool isEmptyShown() const;

Q_SIGNALS:
    void chartWanted(quoit::Metric metric, quoit::NodeId node, qint64 ms);
    void nodeWanted(quoit::NodeId node);
    void ringWanted(const std::string& key);

protected:
    void refresh() override;
    void restyle() override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    class EmptyView;

    QWidget* makeBar();
    QWidget* makeList();
    void showDetails();

    Notice* m_trouble = nullptr;
    QBoxLayout* m_row;
    QPushButton* m_now;
    QPushButton* m_ended;
    QPushButton* m_acknowledgeAll;
    QPushButton* m_showRules;
    AlertModel* m_model;
    QListView* m_list;
    EmptyView* m_empty;
    QStackedWidget* m_lists; ///< the list, or that there is nothing in it
    Card* m_listCard;
    QStackedWidget* m_side;  ///< the details, or the rules
    AlertDetails* m_details;
    AlertRulesView* m_rules;
    quint64 m_selected = 0; ///< number; 0: none
};

} // namespace quoit
