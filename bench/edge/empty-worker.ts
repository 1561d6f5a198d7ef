/** A Worker that does nothing: what the local runtime itself takes for a request. */
export default {
  async fetch(request: Request): Promise<Response> {
    await request.arrayBuffer();
    return Response.json({});
  },
};
