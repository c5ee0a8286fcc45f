// console/desktop/change_stage.h - where the steps of a change are put together, before anybody is asked.
#pragma once

#include "console/cluster/change_desk.h"
#include "console/desktop/cards.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>

#include <vector>

namespace quoit {

class ChangeStage : public Card
{
    Q_OBJECT

public:
    explicit ChangeStage(Workspace& workspace, QWidget* parent = nullptr);

    const std::vector<StagedStep>& steps() const { return m_steps; }
    /// The user said that it may leave fewer nodes than replicas. Asked only where it would.
    bool isUnderStrength() const { return m_underStrength->isChecked(); }
    void addStep(const StagedStep& step);
    void clear();
    /// Members to choose from, as the workspace knows them.
    void refresh();
    void restyle();
    /// While a plan is asked for.
    void setBusy(bool isBusy);
    /// @param text why there is no plan, in the node's words; empty: nothing to say
    void setProblem(const QString& text);
    QWidget* firstField() { return m_kind; }
    /// Makes the form ready for one kind of step. @param node chosen already; noNode: none
    void prepare(ChangeStep::Kind kind, NodeId node);

Q_SIGNALS:
    void planWanted();
    void stepsChanged();
    void underStrengthChanged();

private:
    QFormLayout* makeForm();
    QLayout* makeFoot();
    void showFields();
    void addFromForm();
    void removeCurrent();
    void showSteps();
    bool leavesTooFew() const;
    void showUnderStrength();
    static void say(QLabel* label, const QString& text);
    ChangeStep::Kind kind() const;

    std::vector<StagedStep> m_steps;
    QFormLayout* m_form;
    QComboBox* m_kind;
    QComboBox* m_node;
    QLineEdit* m_address;
    QDoubleSpinBox* m_weight;
    QLineEdit* m_zone;
    QSpinBox* m_replicas;
    QLabel* m_fieldProblem; ///< why what the form says is no step
    QPushButton* m_add;
    QLabel* m_hint;
    QListWidget* m_list;
    QCheckBox* m_underStrength;
    QPushButton* m_remove;
    QPushButton* m_plan;
    QLabel* m_problem;
    bool m_isBusy = false;
};

} // namespace quoit
