"""The console: a page on this computer, with the user's own credentials.

    cli/console.py -> serving       listens on 127.0.0.1, and says where
                      app           puts together what follows
                      access        who may ask: nobody but the browser that was sent here
                      pages         what all of these have in common:
                      run_pages     the list, a run, several side by side
                      reading_pages reports and logs
                      ending_pages  cancelling, and stopping with the best network kept
                      fetch_pages   results into a folder of this computer
                      send_pages    a zip that is dropped: checked, then sent

Pages are made here, whole, and are of use without JavaScript but for dropping a zip. Parts of them
are asked for anew every few seconds (static/console.js). Needs the extra `dlc-batch[console]`.
"""
