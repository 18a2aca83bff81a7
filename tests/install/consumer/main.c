/* C11: the two largest of a row; a tie goes to the lower index. */
#include <stdint.h>
#include <stdio.h>
#include <topkit/topkit.h>

int main(void) {
  float x[6] = {1, 9, 3, 9, 5, 2}, values[2] = {0, 0};
  int64_t indices[2] = {-1, -1}, cols = 6, k = 2;
  DLDevice cpu = {kDLCPU, 0};
  DLDataType f32 = {kDLFloat, 32, 1}, i64 = {kDLInt, 64, 1};
  DLTensor in = {x, cpu, 1, f32, &cols, NULL, 0};
  DLTensor out_values = {values, cpu, 1, f32, &k, NULL, 0};
  DLTensor out_indices = {indices, cpu, 1, i64, &k, NULL, 0};
  if (tk_topk(&in, k, NULL, &out_values, &out_indices, NULL, NULL) != TK_OK) {
    fprintf(stderr, "%s\n", tk_last_error());
    return 1;
  }
  printf("topkit %s: %g at %d, %g at %d\n", tk_version(), values[0], (int)indices[0], values[1], (int)indices[1]);
  return !(values[0] == 9 && indices[0] == 1 && values[1] == 9 && indices[1] == 3);
}
