/**
 * Table 2 of S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017,
 * arXiv 1610.08401: fooling ratios in percent on the 50,000 photographs of ImageNet's validation set, l-inf 10. Rows:
 * the network that a perturbation was computed for; columns: the network it was tried on.
 */
export const paper = {
  networks: ['VGG-F', 'CaffeNet', 'GoogLeNet', 'VGG-16', 'VGG-19', 'ResNet-152'],
  ratios: [
    [93.7, 71.8, 48.4, 42.1, 42.1, 47.4],
    [74.0, 93.3, 47.7, 39.9, 39.9, 48.0],
    [46.2, 43.8, 78.9, 39.2, 39.8, 45.5],
    [63.4, 55.8, 56.5, 78.3, 73.1, 63.4],
    [64.0, 57.2, 53.6, 73.5, 77.8, 58.0],
    [46.3, 46.3, 50.5, 47.0, 45.5, 84.0],
  ],
};
