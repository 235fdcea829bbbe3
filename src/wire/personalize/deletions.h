#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string_view>

#include "store/sql/database.h"
#include "wire/personalize/resource_cache.h"
#include "wire/personalize/resources.h"

namespace eunomia::wire::personalize {

// Deletes resources that stand for something which is kept elsewhere: rows, models, what answers. Both leave or, after
// a kill, are still leaving: from the first transaction on the resource is "DELETE IN_PROGRESS", nothing new belongs to
// it, and the next start goes on with it. Any thread.
class deletions {
 public:
  // What leaves in the transaction that begins it: the jobs that ended, which AWS forgets with what they were about.
  // What it throws refuses the deletion.
  using history = std::function<void(store::sql::transaction& in, const resource& one)>;
  // Removes what the resource stands for; again, after a kill. errc::not_found: it is not there any more.
  using removal = std::function<void(const resource& one)>;

  // All must outlive it. making: house::making, held while one is carried out.
  deletions(resource_cache& known, const resources& made, std::mutex& making)
      : known_(known), made_(made), making_(making) {}

  // Before carry_out() and go_on().
  void add(resource_kind kind, history what_goes_first, removal what_it_stands_for);

  // Throws as resources::begin_deletion, and as what was added: then it is tried again by go_on().
  void carry_out(const resource& one);
  // With those that were interrupted. One that fails is logged.
  void go_on();

 private:
  struct kind_of_deletion {
    history what_goes_first;
    removal what_it_stands_for;
  };

  resource_cache& known_;
  const resources& made_;
  std::mutex& making_;
  std::map<resource_kind, kind_of_deletion> kinds_;
};

}  // namespace eunomia::wire::personalize
