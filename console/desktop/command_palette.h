// console/desktop/command_palette.h - Ctrl+K: finds pages, actions, nodes and keys by typing a part of their names.
#pragma once

#include "console/cluster/key_finder.h"
#include "console/desktop/drawing.h"
#include "console/desktop/workspace.h"

#include <QDialog>
#include <QLineEdit>
#include <QListWidget>

#include <functional>
#include <vector>

namespace quoit {

/// Something that can be chosen.
struct PaletteEntry
{
    QString kind; ///< "Page", "Action", "Node"
    QString text;
    QString iconName;
    std::function<void()> run;
};

class CommandPalette : public QDialog
{
    Q_OBJECT

public:
    /// @param openKey called for a key that was chosen; nothing: no keys are offered
    CommandPalette(Workspace& workspace, std::vector<PaletteEntry> entries,
                   std::function<void(const QByteArray&)> openKey, QWidget* parent);

    /// What is offered for the text typed so far, best first.
    QStringList shownTexts() const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void filter(const QString& text);
    void add(const QString& text, const QString& iconName, int entry, const QByteArray& key = {});
    void showFound();
    void choose();

    Workspace& m_workspace;
    const std::vector<PaletteEntry> m_entries;
    const std::function<void(const QByteArray&)> m_openKey;
    KeyFinder m_finder;
    QLineEdit* m_field;
    QListWidget* m_list;
    QListWidgetItem* m_exact = nullptr; ///< the key that is called as what was typed
    qsizetype m_matchesShown = 0;
};

} // namespace quoit
