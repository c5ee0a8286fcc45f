// console/desktop/keys_page.h - the keys by prefix, and one of them in full.
#pragma once

#include "console/desktop/key_list_model.h"
#include "console/desktop/key_panel.h"
#include "console/desktop/key_tree_view.h"
#include "console/desktop/page.h"

#include <QCheckBox>
#include <QListView>
#include <QStackedWidget>
#include <QTimer>

namespace quoit {

class KeysPage : public Page
{
    Q_OBJECT

public:
    explicit KeysPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_prefix; }
    void arrange(bool isNarrow) override;
    void openKey(const QString& key) { openBytes(key.toUtf8()); }
    void openBytes(const QByteArray& key);
    KeyPanel* panel() { return m_panel; }
    /// By prefix as a tree, or one below the other; remembered.
    void setTree(bool isTree);
    bool isTree() const { return m_isTree; }
    KeyTreeView* tree() { return m_tree; }

protected:
    void refresh() override;
    void restyle() override;
    void showEvent(QShowEvent* event) override;

private:
    QLayout* makeViewBar();
    void makeViews();
    void connectBrowser();
    void browse();
    void setSeparator(const QString& separator);
    void goOn();
    void askForNewKey();
    void showProgress();
    void onCurrentChanged(const QModelIndex& now);
    void showCurrent(const QByteArray& key);
    void forgetKey(const QByteArray& key);
    void onUndone(const QByteArray& key, bool isPresent);
    void refreshReadOnly();

    QBoxLayout* m_row;
    Card* m_listCard;
    QLineEdit* m_prefix;
    QPushButton* m_new;
    QPushButton* m_asList;
    QPushButton* m_asTree;
    QLabel* m_separatorTitle;
    QLineEdit* m_separator;
    QStackedWidget* m_views;
    QListView* m_list;
    KeyListModel* m_model;
    KeyTreeView* m_tree;
    QLabel* m_progress;
    QPushButton* m_stop;
    QPushButton* m_goOn;
    KeyPanel* m_panel;
    QTimer m_typing;
    QCheckBox* m_readOnly;
    bool m_isFollowing = false; // the list is being told what is shown: it doesn't open anything
    bool m_isBrowsed = false;
    bool m_isTree = false;
    QStringList m_browsedSeeds;
};

} // namespace quoit
