/* The headers are C11: this file is compiled as such, with every warning an error. */
#include "topkit/sampling.h"
#include "topkit/topkit.h"

int topkit_c11_answer(void);

static void in_order(void* pool, int64_t tasks, tk_task body, void* arg) {
  (void)pool;
  for (int64_t i = 0; i < tasks; ++i) body(arg, i);
}

/* 0, or the number of the step that went wrong. */
int topkit_c11_answer(void) {
  float x[6] = {1, 9, 3, 9, 5, 2};
  float values[2] = {0, 0};
  int64_t indices[2] = {-1, -1};
  int64_t cols = 6, k = 2;
  DLTensor in = {x, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &cols, NULL, 0};
  DLTensor out_values = {values, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &k, NULL, 0};
  DLTensor out_indices = {indices, {kDLCPU, 0}, 1, {kDLInt, 64, 1}, &k, NULL, 0};
  tk_options options;
  tk_options_init(&options);
  options.order = TK_ORDER_VALUE;
  options.nan = TK_NAN_LARGEST;
  options.parallel_for = in_order;
  if (tk_topk(&in, k, &options, &out_values, &out_indices, NULL, NULL) != TK_OK) return 1;
  if (values[0] != 9 || values[1] != 9 || indices[0] != 1 || indices[1] != 3) return 2;
  if (tk_topk(&in, 7, &options, &out_values, &out_indices, NULL, NULL) != TK_INVALID_ARGUMENT) return 3;
  return tk_last_error()[0] == 'k' ? 0 : 4;
}
