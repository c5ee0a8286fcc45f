// console/desktop/key_tree_model.h - the keys that a KeyBrowser has found, as a tree by separator, ordered by name.
// A branch has rows only once it was opened, and at most rowsMax of them: a last row says how many keys are left.
// Keys that are found are put in in batches, the rarer the longer one takes, so that a million of them freeze nothing.
#pragma once

#include "console/cluster/key_browser.h"
#include "console/cluster/key_tree.h"

#include <QAbstractItemModel>
#include <QTimer>

#include <memory>
#include <vector>

namespace quoit {

class KeyTreeModel : public QAbstractItemModel
{
    Q_OBJECT

public:
    static constexpr int KeyRole = Qt::UserRole;        ///< a key's QByteArray; none for branches
    static constexpr int BranchRole = Qt::UserRole + 1; ///< a branch's prefix; none for keys
    static constexpr int CountRole = Qt::UserRole + 2;  ///< of a branch: loaded keys below it
    static constexpr int IsRestRole = Qt::UserRole + 3; ///< the row that stands for those that aren't shown
    static constexpr qsizetype rowsAtFirst = 500;       ///< of one branch; then twice as many each time
    static constexpr qsizetype rowsMax = 16'000;        ///< of one branch

    /// @param browser must outlive the model
    explicit KeyTreeModel(KeyBrowser& browser, QObject* parent = nullptr);
    ~KeyTreeModel() override;

    const KeyTree& tree() const { return m_tree; }
    /// All is put in anew. @param separator not empty
    void setSeparator(const QByteArray& separator);
    /// Where a key is, with the branches on the way opened; invalid: it isn't loaded, or behind rowsMax others.
    QModelIndex indexOf(const QByteArray& key);
    /// A branch or key of which a row is there; invalid: none is.
    QModelIndex shownIndexOf(const QByteArray& id) const;
    /// Twice as many rows. @param rest the row that stands for those that aren't shown
    void showMore(const QModelIndex& rest);
    /// A row that is to stay however many keys are found before it, up to rowsMax; else only the first rows of a branch
    /// do.
    void setKept(const QByteArray& id) { m_kept = id; }
    /// Some keys were found that aren't in the tree yet.
    bool isBehind() const { return m_taken < m_browser.keys().size(); }

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& = {}) const override { return 1; }
    bool hasChildren(const QModelIndex& parent = {}) const override;
    bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    struct Branch;
    struct Row;

    Branch* branchOf(const QModelIndex& index) const;
    QModelIndex indexOf(const Branch& branch) const;
    void restart(const QByteArray& separator);
    void takeFound();
    void refreshAll(Branch& branch);
    void refresh(Branch& branch);
    void removeRowsNotIn(Branch& branch, const std::vector<KeyTreeEntry>& wanted);
    void insertRowsOf(Branch& branch, const std::vector<KeyTreeEntry>& wanted);
    void setRest(Branch& branch, qsizetype keys);
    QString textOf(const Branch& branch, const KeyTreeEntry& entry) const;

    KeyBrowser& m_browser;
    KeyTree m_tree;
    QByteArray m_kept;
    std::unique_ptr<Branch> m_top;
    qsizetype m_taken = 0; // of the browser's keys
    QTimer m_batch;
};

} // namespace quoit
