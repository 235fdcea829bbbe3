#include "app/review_commands.h"

#include <fmt/format.h>

#include <memory>

#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/api/decisions.h"

namespace eunomia::app {

namespace {

using wire::api::automated_decision_list;
using wire::api::automated_decision_view;
using wire::api::decisions_question;
using wire::api::new_review;
using wire::api::new_review_answer;
using wire::api::request_view;
using wire::api::review_list;
using wire::api::reviewed_view;

void decisions(const decisions_question& asked, environment& shared) {
  automated_decision_list list;
  if (shared.server.empty()) {
    data_directory data(shared);
    list = wire::api::decisions_of(asked, user_space, data.people(), data.decisions());
  } else {
    list = remote(shared).post<automated_decision_list>("/api/v1/subjects/decisions/list", core::write_json(asked));
  }
  if (shared.json) {
    shared.print(core::write_json(list, 2));
    return;
  }
  text_table table({"decision", "made at", "made by", "asked by", "outcome"});
  for (const automated_decision_view& one : list.decisions) {
    table.add({std::to_string(one.id), one.made_at, one.made_by, one.asked_by, core::write_json(one.outcome)});
  }
  shared.print(table.str());
}

void print(const request_view& request, std::string_view what, environment& shared) {
  shared.print(shared.json ? core::write_json(request, 2)
                           : fmt::format("request {} {}; its deadline is {}\n", request.id, what, request.deadline));
}

void ask(const new_review& wanted, environment& shared) {
  request_view made;
  if (shared.server.empty()) {
    data_directory data(shared);
    made = wire::api::ask_for_review(wanted, user_space, data.people(), data.desk(), subject::actor::system());
  } else {
    made = remote(shared).post<request_view>("/api/v1/subjects/reviews", core::write_json(wanted));
  }
  print(made, "waits for a human", shared);
}

void list(environment& shared) {
  const review_list all = shared.server.empty()
                              ? wire::api::reviews_waiting(data_directory(shared).decisions())
                              : core::read_json<review_list>(remote(shared).get("/api/v1/subjects/reviews"));
  if (shared.json) {
    shared.print(core::write_json(all, 2));
    return;
  }
  text_table table({"request", "decision", "asked at", "deadline"});
  for (const auto& one : all.reviews) {
    table.add({std::to_string(one.request), std::to_string(one.decision), one.requested_at, one.deadline});
  }
  shared.print(table.str());
}

std::string path_of(std::int64_t request) {
  return fmt::format("/api/v1/subjects/reviews/{}", request);
}

// Always JSON: decision and explanation are.
void show(std::int64_t request, environment& shared) {
  const reviewed_view found = shared.server.empty()
                                  ? wire::api::view_of(data_directory(shared).decisions().find_review(request))
                                  : core::read_json<reviewed_view>(remote(shared).get(path_of(request)));
  shared.print(core::write_json(found, 2));
}

void answer(std::int64_t request, const new_review_answer& given, environment& shared) {
  request_view done;
  if (shared.server.empty()) {
    data_directory data(shared);
    done = wire::api::answer_review(request, given, data.desk(), subject::actor::system());
  } else {
    done = remote(shared).post<request_view>(path_of(request) + "/answer", core::write_json(given));
  }
  print(done, "is completed: subjects certificate is the proof", shared);
}

}  // namespace

void add_reviews(CLI::App& subjects, environment& shared) {
  auto asked = std::make_shared<decisions_question>();
  CLI::App* deciding =
      subjects.add_subcommand("decisions", "What programs decided about somebody and were asked to keep, newest first");
  deciding->add_option("--user", asked->user, "A USER_ID")->required();
  add_space_option(*deciding, asked->space);
  deciding->add_option("--before", asked->before, "The smallest id of the page before");
  deciding->add_option("--count", asked->count, "How many")->capture_default_str();
  deciding->callback([asked, &shared] { shared.action = [asked, &shared] { decisions(*asked, shared); }; });

  auto wanted = std::make_shared<new_review>();
  CLI::App* asking = subjects.add_subcommand("review", "Somebody wants a human to review a decision (Art. 22)");
  asking->add_option("--user", wanted->user, "A USER_ID")->required();
  add_space_option(*asking, wanted->space);
  asking->add_option("--decision", wanted->decision, "Its id: see subjects decisions")->required();
  asking->add_option("--statement", wanted->statement, "Their point of view");
  asking->callback([wanted, &shared] { shared.action = [wanted, &shared] { ask(*wanted, shared); }; });

  auto one = std::make_shared<std::int64_t>(0);
  CLI::App* listing = subjects.add_subcommand("reviews", "The reviews that wait for a human; or all of one");
  listing->add_option("--request", *one, "Show this one whole: decision, explanation, statement, answer");
  listing->callback(
      [one, &shared] { shared.action = [one, &shared] { *one == 0 ? list(shared) : show(*one, shared); }; });

  auto request = std::make_shared<std::int64_t>(0);
  auto given = std::make_shared<new_review_answer>();
  auto verdict = std::make_shared<subject::review_verdict>();
  CLI::App* answering = subjects.add_subcommand("review-answer", "What the human says of a decision");
  answering->add_option("request", *request, "The request")->required();
  const std::map<std::string, subject::review_verdict> verdicts = {{"upheld", subject::review_verdict::upheld},
                                                                   {"changed", subject::review_verdict::changed},
                                                                   {"annulled", subject::review_verdict::annulled}};
  answering->add_option("--verdict", *verdict, "upheld, changed or annulled")
      ->required()
      ->transform(CLI::CheckedTransformer(verdicts));
  answering->add_option("--reviewer", given->reviewer, "The person or office that reviewed it")->required();
  answering->add_option("--reasons", given->reasons, "In plain words for the person")->required();
  answering->callback([request, given, verdict, &shared] {
    shared.action = [request, given, verdict, &shared] {
      given->verdict = *verdict;
      answer(*request, *given, shared);
    };
  });
}

}  // namespace eunomia::app
