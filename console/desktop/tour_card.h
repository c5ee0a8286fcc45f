// console/desktop/tour_card.h - "Try it": the guided tour, step by step; a sentence, live figures, and one button for what comes next.
#pragma once

#include "console/desktop/cards.h"

#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

namespace quoit {

class TourCard : public Card
{
    Q_OBJECT

public:
    static constexpr int stepsCount = 5;

    explicit TourCard(Workspace& workspace, QWidget* parent = nullptr);

    /// Shows or hides itself, and says how far the tour is.
    void refresh();
    /// Also where it was declined before.
    void offer();
    /// The sentence of the current step.
    QString text() const { return m_text->text(); }
    QPushButton* nextButton() const { return m_next; }
    QPushButton* stopButton() const { return m_stop; }

private:
    void goOn();
    void stopOrLeave();
    void decline();
    bool isDeclined() const;
    QString settingName() const;
    QString sentence() const;
    QString comparedText() const;
    QString nextText() const;
    QString report() const;
    int step() const;
    bool canGoOn() const;
    QString whyNot() const;
    void showFigures();
    void showTrouble(const QString& text);

    Tour& m_tour;
    QLabel* m_text;
    QLabel* m_figures;
    QProgressBar* m_progress;
    QLabel* m_trouble;
    QPushButton* m_next;
    QPushButton* m_stop;
};

} // namespace quoit
