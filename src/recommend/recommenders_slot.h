#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/published.h"
#include "recommend/recommenders.h"

namespace eunomia::recommend {

// A version in memory, whatever it answers as.
struct recommenders::loaded_version {
  core::published<served_model> now;
  bool saved = true;  // the file is what the model is

  // The same version with another record.
  void describe(model_record record) {
    auto changed = std::make_shared<served_model>(*now.current());
    changed->record_ = std::move(record);
    now.publish(std::move(changed));
  }
};

// A recommender while it is served. Whoever changes its models or its versions holds changing.
struct recommenders::slot {
  // Which versions answer: replaced as a whole, so that whoever asks meets what was or what is.
  struct answering {
    loaded serving = nullptr;
    std::map<std::string, loaded, std::less<>> deployed = {};

    // Each that answers, once.
    std::vector<loaded> versions() const {
      std::vector<loaded> each;
      const auto add = [&each](const loaded& one) {
        if (one != nullptr && std::ranges::find(each, one) == each.end()) {
          each.push_back(one);
        }
      };
      add(serving);
      for (const auto& [name, one] : deployed) {
        add(one);
      }
      return each;
    }
  };

  answering now() const {
    const auto known = published.current();
    return known == nullptr ? answering() : *known;
  }
  void serve(const loaded& one) {
    const auto mark = [](const loaded& version, bool serves) {
      if (version != nullptr) {
        model_record record = version->now.current()->record();
        record.serving = serves;
        version->describe(std::move(record));
      }
    };
    mark(now().serving, false);
    mark(one, true);
    answer([&](answering& next) { next.serving = one; });
  }
  // What answers becomes what change makes of it.
  template <class Change>
  void answer(const Change& change) {
    answering next = now();
    change(next);
    published.publish(std::make_shared<const answering>(std::move(next)));
  }
  // Null when it does not answer.
  loaded version(std::int64_t number) const {
    for (const loaded& one : now().versions()) {
      if (one->now.current()->record().version == number) {
        return one;
      }
    }
    return nullptr;
  }

  std::mutex changing;
  core::published<answering> published;
};

}  // namespace eunomia::recommend
