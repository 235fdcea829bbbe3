// A model file from a stranger: refused as corrupt, or a model of any family that answers, forgets and is saved without
// leaving its bounds. The input is the file itself. The mutator changes what is in the sections, the family and the
// parameters, and seals the file again (model_container.h); now and then it changes the container.

#include <algorithm>
#include <cmath>
#include <random>

#include "core/job.h"
#include "core/thread_pool.h"
#include "fuzz.h"
#include "model_container.h"
#include "recommend/answer.h"
#include "recommend/family.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace eunomia;
using fuzz::model_container;

constexpr std::size_t most_items = 4096;  // asked about; a model may know more

// Whatever a model has learned, it may refuse to answer, but only so.
template <class Call>
void may_refuse(Call call) {
  try {
    call();
  } catch (const core::error&) {
    return;
  }
}

void explain_all(const recommend::scorer& scorer, const recommend::recommendation_request& request) {
  for (const recommend::recommendation& r : recommend::recommend(scorer, request)) {
    fuzz::require(r.item < scorer.items().size(), "a recommended item is in the catalogue");
    fuzz::require(std::isfinite(r.score), "a recommended item has a finite score");
    for (const recommend::contribution& part : scorer.explain(request.who, r.item, 3)) {
      fuzz::require(part.item < scorer.items().size(), "an item that explains is in the catalogue");
    }
    for (const recommend::scored_item& like : scorer.similar(r.item, 3)) {
      fuzz::require(like.item < scorer.items().size() && like.item != r.item, "a similar item is another one");
    }
  }
}

void ask(const recommend::model& model) {
  const auto scorer = model.current();
  const auto items = static_cast<recommend::item_position>(std::min<std::size_t>(scorer->items().size(), most_items));
  may_refuse([&] { explain_all(*scorer, {.count = 5}); });
  const std::vector<std::string> names = {"COUNTRY=Finland"};
  const auto features = scorer->features_of(names);
  std::vector<recommend::preference> history;
  for (recommend::item_position item = 0; item < items; item += 2) {
    history.push_back({item, item % 4 == 0 ? 1.0F : 0.5F, std::int64_t{item} * 86'400'000});
  }
  may_refuse([&] { explain_all(*scorer, {.who = {history, features, 0}, .count = 5, .exclude_history = false}); });
  may_refuse([&] { explain_all(*scorer, {.who = {history, {}, INT64_MAX}, .count = 5}); });
  may_refuse([&] { explain_all(*scorer, {.who = {history, features, INT64_MIN}, .count = 5}); });
  const recommend::preferences& rows = model.learned_from();
  if (rows.rows() > 0) {
    const auto known = rows.history_of(rows.rows() - 1);
    may_refuse([&] { explain_all(*scorer, {.who = {known, {}, 0}, .count = 5}); });
  }
}

void forget_first(recommend::model& model, const recommend::training_context& context) {
  const auto subject = model.learned_from().subjects.at(0);
  bool gone = false;
  may_refuse([&] {
    gone = model.forget(std::span(&subject, 1), context).subjects == 1;
    fuzz::require(gone, "a model forgets whom it knows");
  });
  fuzz::require(!gone || !model.learned_from().find(subject), "who was forgotten is gone");
}

// Within a small budget: what a training would take is no finding.
bool is_cheap(const recommend::model& model) {
  return model.parameters().size() < 4096 && model.learned_from().items->size() <= most_items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static core::thread_pool pool(1);
  core::job job;
  const recommend::training_context context{pool, job};
  const fuzz::memory_file file(fuzz::text_of(data, size));
  std::unique_ptr<recommend::model> model;
  if (!fuzz::accepted(core::errc::corrupt, [&] { model = recommend::load_model(file.path(), context); })) {
    return 0;
  }
  (void)recommend::weighting_of(*model);
  ask(*model);
  if (is_cheap(*model) && !model->learned_from().subjects.empty()) {
    forget_first(*model, context);
    ask(*model);
  }
  return 0;
}

namespace {

void mutate_text(std::string& text, std::size_t room) {
  const std::size_t size = text.size();
  text.resize(size + room);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
}

// Numbers that loaders compare with counts and sizes.
void plant_number(std::string& content, std::mt19937& random) {
  constexpr std::array<std::uint64_t, 10> tempting = {
      0, 1, 2, 63, UINT16_MAX, INT32_MAX, UINT32_MAX, INT64_MAX, std::uint64_t{1} << 63, UINT64_MAX};
  constexpr std::array<std::uint32_t, 6> reals = {0x7f800000, 0xff800000, 0x7fc00000,
                                                  0x7f7fffff, 0x00000001, 0x80000000};
  const std::size_t width = std::size_t{2} << random() % 3;
  if (content.size() < width) {
    return;
  }
  const std::size_t at = random() % (content.size() / width) * width;
  const std::uint64_t value = random() % 3 == 0 ? reals[random() % reals.size()] : tempting[random() % tempting.size()];
  std::copy_n(reinterpret_cast<const char*>(&value), width, content.data() + at);
}

void change(model_container& model, std::mt19937& random) {
  constexpr std::size_t room = 128;
  const auto kind = static_cast<std::uint32_t>(random() % 16);
  if (kind == 0) {
    mutate_text(model.parameters, room);
  } else if (kind == 1) {
    constexpr std::array<const char*, 6> names = {"popularity", "trending", "item-knn", "session-knn", "ease", "ials"};
    model.family = names[random() % names.size()];
  } else if (model.sections.empty()) {
    return;
  } else if (auto& s = model.sections[random() % model.sections.size()]; kind == 2) {
    model.sections.erase(model.sections.begin() + (&s - model.sections.data()));
  } else if (kind == 3) {
    std::swap(s, model.sections[random() % model.sections.size()]);
    s.element_size = 1U << random() % 4;
  } else if (kind < 8) {
    plant_number(s.content, random);
  } else if (kind == 8) {
    s.content.resize(s.content.size() / 2);
  } else {
    mutate_text(s.content, room);
  }
}

std::size_t take(const std::string& bytes, std::uint8_t* data, std::size_t size, std::size_t max_size) {
  if (bytes.size() > max_size) {
    return size;
  }
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::mt19937 random(seed);
  auto model = model_container::of(fuzz::text_of(data, size));
  if (!model || random() % 32 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  for (auto changes = 1 + random() % 3; changes > 0; --changes) {
    change(*model, random);
  }
  return take(model->bytes(), data, size, max_size);
}

// One file with a section of another.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  std::mt19937 random(seed);
  auto model = model_container::of(fuzz::text_of(one, one_size));
  const auto from = model_container::of(fuzz::text_of(other, other_size));
  if (!model || !from || from->sections.empty()) {
    return 0;
  }
  const auto& taken = from->sections[random() % from->sections.size()];
  const auto same =
      std::find_if(model->sections.begin(), model->sections.end(), [&](const auto& s) { return s.name == taken.name; });
  if (same != model->sections.end()) {
    *same = taken;
  } else {
    model->sections.push_back(taken);
  }
  return take(model->bytes(), out, 0, max_size);
}
